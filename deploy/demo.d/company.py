"""A property company that does not exist: regions, offices, households and staff, the same for the same seed.

Every name is put together from common syllables, every phone number lies in a range that is not given out.
"""

import csv
import io
import math
import random
from dataclasses import dataclass, field

SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建国文斌志鹏飞宇欣怡子涵梓轩浩然雨晨晓东海燕佳琪思源一诺嘉禾若溪"

REGIONS = [("HD", "华东区域", "hangzhou"), ("HB", "华北区域", "beijing"), ("HN", "华南区域", "shenzhen")]
ESTATES = [
    ("HZ1", "云栖里"), ("HZ2", "听澜苑"), ("HZ3", "桂语庭"), ("HZ4", "望江府"),
    ("BJ1", "槐荫里"), ("BJ2", "北辰家园"), ("BJ3", "松间苑"), ("BJ4", "银杏里"),
    ("SZ1", "榕树湾"), ("SZ2", "鹭岛居"), ("SZ3", "木棉花园"), ("SZ4", "海棠里"),
]
# Roles of one office: login prefix, role, post, trades, how many.
POSTS = [
    ("zr", "director", "管理处主任", [], 1),
    ("kz", "cs_lead", "客服主管", [], 1),
    ("kf", "cs_agent", "客服助理", [], 2),
    ("zb", "duty_director", "值班主任", [], 1),
    ("gc", "eng_lead", "工程主管", [], 1),
    ("sg", "tech", "水工", ["plumber", "waterproof"], 2),
    ("dg", "tech", "电工", ["electrician", "elv", "hvac"], 2),
    ("wx", "tech", "综合维修", ["general", "mason", "carpenter", "locksmith"], 2),
]


@dataclass
class Person:
    name: str
    phone: str


@dataclass
class Household:
    room: str
    building: str
    owner: Person
    occupied: bool
    area_cm2: int
    delivered: str
    completed: str


@dataclass
class Member:
    login: str
    role: str
    post: str
    trades: list
    person: Person


@dataclass
class Office:
    code: str
    name: str
    region: str
    city: str
    profile: str
    households: list = field(default_factory=list)
    staff: list = field(default_factory=list)

    def of_role(self, role):
        return [m for m in self.staff if m.role == role]

    def buildings(self):
        return sorted({h.building for h in self.households}, key=int)


@dataclass
class Company:
    regions: list
    offices: list


def make_person(rng):
    name = rng.choice(SURNAMES) + "".join(rng.choice(GIVEN) for _ in range(rng.choice((1, 2, 2))))
    return Person(name, "1990" + f"{rng.randrange(10**7):07d}")


def make_households(rng, count):
    """Buildings of 18 floors, two units with two flats a floor; handed over in one year, building by building."""
    households, building = [], 0
    year = rng.randrange(2008, 2026)
    while len(households) < count:
        building += 1
        month = 1 + building % 12
        for unit in (1, 2):
            for floor in range(1, 19):
                for flat in (1, 2):
                    households.append(Household(
                        room=f"{building}-{unit}-{floor}{flat:02d}", building=str(building), owner=make_person(rng),
                        occupied=rng.random() < 0.86, area_cm2=rng.randrange(5500, 16000) * 100,
                        delivered=f"{year}-{month:02d}-15", completed=f"{year - 1}-{month:02d}-01"))
    return households[:count]


def make(seed, offices, scale):
    """scale: share of the households that an office of this size really has; 1.0 is life size."""
    rng = random.Random(seed)
    company = Company(REGIONS, [])
    for at, (code, name) in enumerate(ESTATES[:offices]):
        region, _, city = REGIONS[at // 4]
        office = Office(code, name, region, city, "")
        size = min(8000, max(200, 1700 * math.exp(0.55 * rng.gauss(0, 1))))
        office.households = make_households(rng, max(24, int(size * scale)))
        for prefix, role, post, trades, count in POSTS:
            for n in range(1, count + 1):
                login = f"{code.lower()}.{prefix}{n if count > 1 else ''}"
                office.staff.append(Member(login, role, post, trades, make_person(rng)))
        company.offices.append(office)
    return company


def households_csv(office, columns):
    """columns: header of the file -> function of a household, so that the importer's own names stay in one place."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns.keys())
    for household in office.households:
        writer.writerow([give(household) for give in columns.values()])
    return out.getvalue()
