#ifndef GJ_COMMON_LIMITS_H
#define GJ_COMMON_LIMITS_H

/* Every length, count, depth and queue that both sides of the wire or several
 * layers share. Each line says why, and what happens at the limit. Limits that
 * an operator may lower are options of the daemon; these are the ceilings. */

/* ---- channel: the bytes on the wire ------------------------------------- */

/* A frame's length is a u16 and a Noise message may be no longer. Cannot be
 * exceeded on reading; a longer message to send is GJ_ETOOBIG. */
#define GJ_FRAME_HEADER_SIZE 2
#define GJ_FRAME_MAX 65535

/* A Noise message's plaintext: the frame less the 16 byte tag. */
#define GJ_NOISE_TAG_SIZE 16
#define GJ_PLAINTEXT_MAX (GJ_FRAME_MAX - GJ_NOISE_TAG_SIZE) /* 65,519 */

/* Inside a plaintext: u32 body length, u8 kind; see PROTOCOL.md, Channel. */
#define GJ_CHANNEL_HEADER_SIZE 5

/* The longest body of one message. Larger ones are refused (GJ_ETOOBIG), never
 * split: attachments travel in chunks with calls of their own. */
#define GJ_BODY_MAX (GJ_PLAINTEXT_MAX - GJ_CHANNEL_HEADER_SIZE) /* 65,514 */

/* Plaintexts are padded to the next of 64, 128, 256 … 32,768 and then to
 * GJ_PLAINTEXT_MAX, so that a length tells an observer little and a small message stays small. */
#define GJ_PADDING_BUCKET_MIN 64
#define GJ_PADDING_BUCKET_MAX 32768

/* Messages of one direction under one key; the key is then replaced by Noise's
 * REKEY. Few enough that a stolen key opens little, many enough to cost nothing. */
#define GJ_REKEY_MESSAGES 65536

/* Payload of a handshake message (token id, client name). Longer is GJ_ETOOBIG and the end of the channel. */
#define GJ_HANDSHAKE_PAYLOAD_MAX 256

/* What a connection may hold of one peer before it is read: one frame and the
 * beginning of the next. Reading stops there until frames are taken out. */
#define GJ_CHANNEL_IN_MAX (2 * (GJ_FRAME_HEADER_SIZE + GJ_FRAME_MAX))

/* ---- protobuf: shape of an untrusted message ----------------------------- */

/* Submessages within submessages. protobuf-c recurses without a limit and dies
 * of its stack; no message of ours nests deeper than 6. Deeper is GJ_ETOOBIG. */
#define GJ_PB_DEPTH_MAX 12

/* Fields of one message with all its submessages, unknown ones included: what a hostile 64 KB could
 * blow up into megabytes of small objects. More is GJ_ETOOBIG. */
#define GJ_PB_FIELDS_MAX 8192

/* Numbers in packed arrays of one message with its submessages: one byte on the
 * wire, eight in memory. More is GJ_ETOOBIG. */
#define GJ_PB_PACKED_MAX 16384

/* Unknown fields kept by protobuf-c each cost an allocation; a newer client sends
 * a handful. More is GJ_ETOOBIG. */
#define GJ_PB_UNKNOWN_MAX 256

/* Memory of one request with everything unpacked from it and built for it.
 * Beyond it the request is answered TOO_LARGE and its arena dropped. */
#define GJ_REQUEST_ARENA_MAX (2 * 1024 * 1024)

/* Requests that one channel may send without waiting for the answers before: so many a second once the burst is used
 * up. Far above what a desk or an import does, far below what the loop can take from all together; a request that
 * awaits the answer of the one before it counts nothing. Above it: BUSY and the time to wait. */
#define GJ_PEER_RATE_PER_S 1000u
#define GJ_PEER_RATE_BURST 512u

/* ---- texts and lists in requests ------------------------------------------ */

/* Bytes of UTF-8. A longer value is answered INVALID naming the field. A Chinese
 * character takes three bytes. */
#define GJ_TEXT_NAME_MAX 192   /* names of people, offices, units: 64 characters */
#define GJ_TEXT_LINE_MAX 768   /* one line: titles, places, reasons: 256 characters */
#define GJ_TEXT_NOTE_MAX 6000  /* notes and descriptions: 2,000 characters */
#define GJ_TEXT_CODE_MAX 64    /* codes and keys: ASCII */
#define GJ_PHONE_DIGITS_MAX 20 /* E.164 has 15; the rest is an extension */
#define GJ_PASSWORD_MAX 256    /* bytes hashed by Argon2id; longer is INVALID */

/* ---- files and logs --------------------------------------------------------- */

/* A configuration file; a larger one is refused before it is read. */
#define GJ_CONF_FILE_MAX (256 * 1024)
#define GJ_CONF_LINE_MAX 4096

/* Key files are a few lines. */
#define GJ_KEYFILE_MAX 1024

/* One log line; the values that do not fit are dropped and `cut=1` says so. */
#define GJ_LOG_LINE_MAX 1024

/* Lines of one event name per second; the rest is counted and the count printed with
 * the next line of that name, so a flood cannot fill the journal. */
#define GJ_LOG_RATE_PER_S 20

/* ---- store -------------------------------------------------------------------- */

/* Largest size the main file may reach. Address space, not disk: the file grows as it is used. When it is reached
 * a batch fails with GJ_EFULL, nothing is lost, and an administrator raises it. Halved until the kernel grants it. */
#define GJ_STORE_MAP_BYTES (64ull << 30)
#define GJ_STORE_MAP_MIN_BYTES (64ull << 20)

/* The same for the vault: 400,000 households need some 200 MB. */
#define GJ_VAULT_MAP_BYTES (8ull << 30)

/* Words of the policies that rows name by number: the longest, in bytes, and how many. What does not fit stands in its
 * row as text. */
#define GJ_WORD_MAX 32
#define GJ_WORDS_MAX 4096

/* Largest packed row: a record with every field and list full. Beyond it a command fails with GJ_ETOOBIG. */
#define GJ_STORE_ROW_MAX (4u << 20)

/* Snapshots held at one moment: the loop, reader threads, a backup. One more is GJ_EBUSY. */
#define GJ_STORE_READERS 126

/* Writes are refused (GJ_ENOSPC) when the file system has less free than this: reads, the log and a backup's removal
 * still work, and there is room to recover. Looked at no more often than the interval. */
#define GJ_STORE_RESERVE_BYTES (256ull << 20)
#define GJ_STORE_RESERVE_CHECK_MS 1000

/* Journal: size of a segment, how many there may be (then a writer waits for a checkpoint: the whole journal stays well
 * inside the disk reserve), and how much of it may wait before a checkpoint is begun: bytes, commands, milliseconds.
 * What waits is what opening applies again after a kill, some 30,000 commands a second. */
#define GJ_JOURNAL_SEGMENT_BYTES (4u << 20)
#define GJ_JOURNAL_SEGMENTS_MAX 16
#define GJ_CHECKPOINT_BYTES (24u << 20)
#define GJ_CHECKPOINT_COMMANDS 10000
#define GJ_CHECKPOINT_MS 5000

/* Commands applied again in one transaction: bounds its dirty pages. */
#define GJ_REPLAY_COMMANDS 2000

/* Bytes of commands of one record of the journal. A group with more becomes several; one command may be larger. */
#define GJ_JOURNAL_GROUP_BYTES (1u << 20)

/* Data keys kept unwrapped in locked memory; the longest unused one is wiped for a new one. */
#define GJ_VAULT_CACHE_KEYS 4096

/* What the loop remembers between readings (core/recall.h): names of staff, and texts whose commitment it has checked.
 * A place is taken over by the next that falls on it; together they take 1.7 MB. */
#define GJ_RECALL_NAMES 1024
#define GJ_RECALL_TEXTS 65536

/* Erasures in one transaction; more is GJ_ETOOBIG and the command goes on in the next. */
#define GJ_VAULT_ERASE_MAX 64

/* Plaintext of one chunk of an attachment, and what an attachment may have. Larger is GJ_ETOOBIG. */
#define GJ_BLOB_CHUNK 32768
#define GJ_BLOB_MAX_BYTES (64ull << 20)

/* Uploads begun and not finished; one more is GJ_EBUSY. Idle ones are dropped after the time. */
#define GJ_BLOB_UPLOADS 256
#define GJ_BLOB_UPLOAD_IDLE_MS (15 * 60 * 1000)

/* Jobs waiting for the blob thread; one more is GJ_EBUSY and the client is asked to repeat. */
#define GJ_BLOB_QUEUE 512

/* Pace of a backup: at this speed 1 GB takes 10 s and a disk of 200 MB/s keeps half of itself for commits. */
#define GJ_BACKUP_BYTES_PER_SECOND (100ull << 20)

/* ---- directory ------------------------------------------------------------------ */

/* What one household's row may hold: it is rewritten whole, so it stays a few kilobytes. One more is LIMIT_REACHED. */
#define GJ_HOUSEHOLD_PERSONS_MAX 24
#define GJ_HOUSEHOLD_VEHICLES_MAX 12
#define GJ_PERSON_PHONES_MAX 6
#define GJ_AREA_CM2_MAX (INT64_C(100000) * 10000) /* 100,000 m2 */

/* A member of staff or a contractor. One more is LIMIT_REACHED. */
#define GJ_STAFF_TRADES_MAX 16
#define GJ_STAFF_CERTIFICATES_MAX 16

/* Rows of one page of a list; a request for more gets this many and a cursor. */
#define GJ_PAGE_ROWS_MAX 200
#define GJ_PAGE_ROWS 50

/* A "complete" number to search by has at least so many digits, or half the company would answer to 110. */
#define GJ_FIND_PHONE_DIGITS_MIN 7

/* Import: bytes and data rows of one chunk (more is TOO_LARGE: a chunk is one command, and others wait while it is
 * written), problems and changes kept of one chunk and given in one report, rows of a staff import, which becomes
 * visible in one command (more is LIMIT_REACHED), and how long an import may lie unfinished before another may begin.
 */
#define GJ_IMPORT_CHUNK_BYTES_MAX (48 * 1024)
#define GJ_IMPORT_CHUNK_ROWS_MAX 48
#define GJ_IMPORT_REPORT_MAX 200
#define GJ_IMPORT_STAFF_ROWS_MAX 2000
#define GJ_IMPORT_IDLE_MS (INT64_C(24) * 3600000)
/* Rows of an ended import that one follow-up command puts in order. */
#define GJ_IMPORT_STEP_ROWS 256

/* ---- people and rights ----------------------------------------------------------- */

/* Roles one user may hold, absences and roster lines kept; one more is LIMIT_REACHED. */
#define GJ_USER_GRANTS_MAX 32
#define GJ_USER_ABSENCES_MAX 32
#define GJ_ROSTER_LINES_MAX 400
/* A roster is planned for a season, not for ever. */
#define GJ_ROSTER_SPAN_MAX_MS (INT64_C(370) * 86400000)
/* Lines of a duty roster looked at together: three shifts of ten people for a month; what is beyond is not looked at.
 */
#define GJ_DUTY_SPANS_MAX 1000
/* A roster is kept for a role while its last line is not older than this: a month that nobody drew up is still missed.
 */
#define GJ_DUTY_KEPT_MS (INT64_C(35) * 86400000)
/* The same for giving out work: when nobody went on with the roster, everybody counts as on duty again after this. */
#define GJ_CANDIDATES_ROSTER_MS (INT64_C(7) * 86400000)
/* Gaps of an office's roster that are told and shown; by then nobody keeps one. */
#define GJ_DUTY_GAPS_MAX 16
/* Days ahead for which a gap is looked for at most. */
#define GJ_DUTY_AHEAD_DAYS_MAX 31

/* Limits of its own that one office may have: they are looked through for every clock. One more is LIMIT_REACHED. */
#define GJ_OFFICE_LIMITS_MAX 100

/* People of headquarters who hear of a proposed looser limit: one has to consent, the others are told for fairness. */
#define GJ_LIMIT_ASKED_MAX 32

/* ---- the owner's part --------------------------------------------------------------- */

/* One-time code of the owner: digits, how long it holds (the time the desk has for the acceptance), wrong tries until
 * it is worth nothing. Six digits and five tries leave a guesser 1 in 200,000. Beyond them the desk issues another. */
#define GJ_OWNER_CODE_DIGITS 6
#define GJ_OWNER_CODE_VALID_MS (INT64_C(24) * 3600000)
#define GJ_OWNER_CODE_TRIES 5

/* ---- policy and time --------------------------------------------------------------- */

/* Files of a policy: parts, bytes of one and of all (they travel and are kept as one bundle), length of a part's name.
 * Beyond them the policy is refused with a problem that says so. */
#define GJ_BUNDLE_PARTS_MAX 120
#define GJ_BUNDLE_BYTES_MAX (4u * 1024u * 1024u)
#define GJ_BUNDLE_NAME_MAX 60
/* A proposal over the wire: one piece of a file that is larger than a message, and all files of the version it would
 * make, which are held in a request's memory a few times. More is TOO_LARGE; the policy of a new store may be larger.
 */
#define GJ_POLICY_PIECE_BYTES_MAX (48u * 1024u)
#define GJ_POLICY_PROPOSE_BYTES_MAX (512u * 1024u)
#define GJ_YAML_BYTES_MAX (512u * 1024u)

/* Shape of one YAML file: levels, values, and keys that one mapping may be asked for. A file of people is far below; a
 * hostile one is refused before anything is built from it. */
#define GJ_YAML_DEPTH_MAX 16
#define GJ_YAML_NODES_MAX 60000
#define GJ_YAML_KEYS_MAX 40

/* Problems of a policy that are kept with their text; further ones are only counted. */
#define GJ_PROBLEMS_MAX 50

/* Memory of all tables of one compiled policy: one with thirty forms takes about a megabyte. Beyond: GJ_ETOOBIG. */
#define GJ_POLICY_BYTES_MAX (32u << 20)

/* What a policy may declare; one more is a problem. Roles, states, fields, priorities and timers are bits of sets or
 * places of arrays, the others keep one screen of a mistake from becoming a million rows. */
#define GJ_ROLES_MAX 63
#define GJ_STATES_MAX 63
#define GJ_FIELDS_MAX 128
#define GJ_PRIORITIES_MAX 8
#define GJ_TIMERS_MAX 32
#define GJ_STEPS_MAX 12
#define GJ_LOAD_KINDS_MAX 100
#define GJ_LOAD_CATEGORIES_MAX 500
#define GJ_LOAD_TRANSITIONS_MAX 200
#define GJ_LOAD_ACTS_MAX 200
#define GJ_LOAD_OVERRIDES_MAX 400
#define GJ_LOAD_ITEMS_MAX 1000      /* cities, keywords, offices */
#define GJ_CANDIDATES_MAX 500       /* people looked at for one job */
#define GJ_CANDIDATES_WORK_MAX 4000 /* open records of an office whose load is counted */
#define GJ_DISPATCH_OFFER_MAX 100   /* people asked at once */
#define GJ_LOAD_LONG_LIST_MAX 200   /* options, obligations */
#define GJ_LOAD_LIST_MAX 100        /* choices, trades, guarded things, groups, people named, words of a condition */
#define GJ_LOAD_SHORT_LIST_MAX 32   /* columns, sets, ways, conditions, follow-ups, links, titles, figures */

/* Conditions within conditions, and automatic steps that may follow one another: both are walked without a heap. */
#define GJ_CONDITION_DEPTH_MAX 4
#define GJ_FLOW_AUTO_MAX 4
/* Acts offered to one person for one record; further ones are not offered, but can still be done. */
#define GJ_FLOW_OFFERS_MAX 48

/* What a form may ask for: characters of one text, lines of a table; and the free text that every act may carry. A
 * record with all of it must fit into one message. More in a request is FIELD_LENGTH or TOO_MANY_LINES. */
#define GJ_FORM_TEXT_MAX 4000
#define GJ_FORM_LINES_MAX 200
#define GJ_FORM_FREE_TEXT_MAX 2000

/* Number of units in a length of time, and working days that are counted one by one (ten years). */
#define GJ_DURATION_MAX 100000
#define GJ_WORKING_DAYS_MAX 3660

/* Working-day table: years (a row a day), bytes, columns that are looked at. Beyond: GJ_ETOOBIG, further columns are
 * ignored. */
#define GJ_CALENDAR_YEARS_MAX 100
#define GJ_CALENDAR_BYTES_MAX (8u << 20)
#define GJ_CALENDAR_COLUMNS_MAX 16

/* Wall and boot clock may part by so much before timers are held; a store may have been closed for so long before a
 * person has to say that the clock is right. */
#define GJ_CLOCK_DRIFT_MAX_MS INT64_C(60000)
#define GJ_CLOCK_GAP_MAX_MS (INT64_C(7) * 86400000)

#endif
