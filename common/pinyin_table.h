/* First letters of the Mandarin readings of Chinese characters; generated, see pinyin_table.py. */
#ifndef GJ_COMMON_PINYIN_TABLE_H
#define GJ_COMMON_PINYIN_TABLE_H

#define GJ_PINYIN_FIRST 0x4E00u
#define GJ_PINYIN_COUNT 20992u

extern const char gj_pinyin_letters[GJ_PINYIN_COUNT + 1];

#endif
