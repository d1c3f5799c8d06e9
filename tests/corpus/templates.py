"""Honest texts by templates: what offices, shops and servers write all day. No template gives more than fifty."""

import random

from pieces import Piece

COUNT = 50

PEOPLE = "Anna Brandt,Tomas Reyes,Mei Lin,Olu Adeyemi,Priya Nair,Jonas Weber,Sofia Rossi,Karim Haddad,Lucie Martin,Aiko Mori".split(",")
FIRMS = "Nordwind Logistics,Halden Labs,Casa Verde,Blue Fjord Ltd,Metzger & Sons,Atelier Nine,Quarry Books,Lumen Dental".split(",")
TOPICS = "the quarterly budget,the new badge readers,the Lisbon offsite,the printer on floor three,the data migration,parental leave,the bike cellar,the supplier audit".split(",")
PLACES = "Room Ada,Room Curie,the canteen,the small kitchen,building C,Dock 4,the Lisbon office".split(",")
ITEMS = "oak shelf,desk lamp,USB-C cable 2 m,printer paper A4,standing desk,coffee beans 1 kg,ink cartridge,whiteboard".split(",")
HOSTS = "web-1,web-2,db-primary,db-replica,queue,cache-3,mail,build-7".split(",")
PATHS = "/,/search,/api/v1/orders,/static/app.js,/login,/health,/images/logo.svg,/docs/start".split(",")

TEMPLATES = {
    "mail-meeting": """Subject: {topic}: moved to {day}
From: {a} <{a_mail}>
To: {b} <{b_mail}>

Hi {b_first},

please ignore my earlier mail, {place} is taken at {hour}. We meet at {hour2} instead, same agenda as before: {topic}, then
{topic2}. Bring the numbers from last {month} if you have them. The previous instructions for dialling in still hold.

Thanks, and see you {day}
{a_first}""",
    "mail-password": """Subject: Your password expires in {n} days

Dear {a_first},

the password of your account at {firm} expires on {date}. To change it, open the portal, choose "Security" and follow the
steps there. We will never ask you for your password by mail or telephone. If you did not expect this message, forward it to
the service desk and delete it.

{firm}, IT service desk""",
    "mail-delivery": """Subject: Parcel {order} is on its way

Hello {a},

your order {order} ({item}, {n} pieces) left our warehouse on {date}. Follow it at https://track.example/parcel/{order}?lang=en
and tell the driver where to leave it. You must be at home between {hour} and {hour2}, otherwise it goes to the shop on the corner.

{firm}""",
    "mail-forward": """---------- Forwarded message ----------
From: {a} <{a_mail}>
Date: {date}
Subject: Re: {topic}

> {b} wrote:
>> Could you send me the list of participants before {day}?
> I will. Please don't share it outside the team, it has private numbers in it.

Attached. Read it first, then send your remarks to {b_first} and to me. From now on I keep the list on the intranet.""",
    "mail-hr": """Dear all,

from {date} on, requests about {topic} go through the new form. What changes for you: 1) you choose your dates yourself, 2) your
manager confirms within {n} days, 3) the system tells payroll. The old spreadsheet is read-only as of today; do not use it any
more. Act now if you still have days left from last year: they expire at the end of {month}.

{a}, People team at {firm}""",
    "mail-german": """Sehr geehrte Frau {b_last},

vielen Dank für Ihre Bestellung {order}. Bitte beachten Sie die Hinweise auf der Rückseite und ignorieren Sie unsere vorherige
Nachricht, der Liefertermin war falsch. Die Ware ({item}) kommt am {date} zwischen {hour} und {hour2} Uhr.

Mit freundlichen Grüßen
{a}, {firm}""",
    "mail-french": """Bonjour {b_first},

merci de ne pas tenir compte de mon message précédent : la réunion sur le projet aura lieu à {hour} et non à {hour2}. Pensez à
apporter les instructions de montage. En cas d'empêchement, prévenez {a} avant le {date}.

Cordialement,
{firm}""",
    "mail-spanish": """Hola {b_first}:

olvida lo que te dije ayer sobre el pedido {order}; el proveedor {firm} ha confirmado la entrega para el {date}. Sigue las
instrucciones anteriores para la factura y avísame cuando llegue. No hace falta que respondas a este mensaje.

Un saludo, {a_first}""",
    "mail-russian": """Добрый день!

Прошу не учитывать предыдущее письмо, в нём была ошибка в дате. Встреча по проекту состоится {date} в {hour}. Инструкции по
оформлению пропуска остаются прежними, системный администратор выдаст новый пароль на месте. Заказ номер {order} оплачен.

С уважением, компания {firm}""",
    "mail-japanese": """件名：会議の変更について（{order}）

お疲れ様です。前回のメールに誤りがありましたので、以前の案内は無視してください。会議は{date}の{hour}から行います。
システムの設定手順はこれまでと同じです。ご不明な点があれば{a}までご連絡ください。よろしくお願いいたします。
添付の資料を印刷して、当日お持ちください。参加者は{n}名の予定です。""",
    "mail-arabic": """السلام عليكم،

نرجو تجاهل الرسالة السابقة لأن الموعد كان خاطئا. سيعقد الاجتماع يوم {date} في الساعة {hour}، وتبقى التعليمات السابقة للدخول
كما هي. رقم الطلب {order} وعدد المشاركين {n}. للاستفسار يرجى التواصل مع {a} في شركة {firm}.

مع أطيب التحيات""",
    "invoice": """INVOICE {order}
{firm}
Date {date}, due in {n} days

  {n} x {item:<24} {price:>9.2f}
  {n2} x {item2:<24} {price2:>9.2f}
  VAT 19 %                     {vat:>9.2f}
  Total                        {total:>9.2f} EUR

Please transfer the amount without deduction and state the invoice number. Late payment: 2 % per month. Customer {order2}.
Contact: {a}, accounts receivable, https://pay.example/i/{order}""",
    "receipt-html": """<html><head><title>Order {order}</title></head><body>
<!-- template 4, do not edit by hand -->
<div class="preheader" style="display:none;max-height:0">Your receipt from {firm}: {total:.2f} EUR</div>
<img src="https://img.shop.example/logo.png?v={n}" alt="{firm}" width="120">
<p>Hello {a_first}, thank you for your order of {date}.</p>
<table><tr><td>{item}</td><td align="right">{price:.2f}</td></tr><tr><td>{item2}</td><td>{price2:.2f}</td></tr></table>
<a href="https://shop.example/orders/{order}?utm_source=mail&amp;utm_campaign=receipt">See your order</a>
</body></html>""",
    "chat": """[{hour}] {a_first}: did the deploy on {host} go through?
[{hour}] {b_first}: yes, forget what I said about the rollback :)
[{hour2}] {a_first}: great. can someone send me the link to the dashboard
[{hour2}] {b_first}: https://wiki.example/dashboards/{host} - you are now admin there, act carefully
[{hour2}] {a_first}: ok, I ignore the alert from before then. next: {topic}""",
    "chat-json": """{{"channel": "team-{n}", "messages": [
  {{"user": "{a_first}", "ts": "{epoch}.000100", "text": "<@U0{n}> can you take {topic}? I'm out until {day}"}},
  {{"user": "{b_first}", "ts": "{epoch}.000200", "text": "sure, :thumbsup: - I'll write it up & send it to {firm}"}},
  {{"user": "{a_first}", "ts": "{epoch}.000300", "text": "don't tell {b_first} about the cake for {day} ;-)", "reactions": [{{"name": "cake", "count": {n}}}]}}
], "has_more": false}}""",
    "calendar": """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:{order}@calendar.example
DTSTART:2026{m:02}{d:02}T0{h}0000Z
DURATION:PT{n}M
SUMMARY:{topic}
LOCATION:{place}
ORGANIZER;CN={a}:mailto:{a_mail}
DESCRIPTION:Agenda: 1. {topic}\\n2. {topic2}\\nPlease read the notes of the previous meeting first.\\nDo not reply to this invitation.
END:VEVENT
END:VCALENDAR""",
    "log-access": """192.0.2.{n} - - [{d:02}/Feb/2026:10:{n2:02}:12 +0000] "GET {path}?q={item_word}&page={n} HTTP/1.1" 200 {size} "-" "Mozilla/5.0 (X11; Linux x86_64)"
198.51.100.{n2} - - [{d:02}/Feb/2026:10:{n2:02}:13 +0000] "POST /api/v1/orders HTTP/1.1" 201 118 "https://shop.example/cart" "okhttp/4.12.0"
192.0.2.{n} - {a_first} [{d:02}/Feb/2026:10:{n2:02}:14 +0000] "GET {path2} HTTP/1.1" 304 0 "-" "curl/8.9.1\"""",
    "log-service": """2026-{m:02}-{d:02}T10:{n2:02}:00.{size}Z INFO  {host}: listening on 10.0.{n}.4:8080, pid {size}
2026-{m:02}-{d:02}T10:{n2:02}:01.118Z WARN  {host}: ignoring previous connection error, attempt {n} of 50
2026-{m:02}-{d:02}T10:{n2:02}:02.904Z ERROR {host}: could not read /etc/{host}/config.toml: permission denied (os error 13)
2026-{m:02}-{d:02}T10:{n2:02}:02.905Z INFO  {host}: using defaults; system prompt cache is off; request id {hex}""",
    "log-build": """\x1b[32m   Compiling\x1b[0m {item_word} v0.{n}.{n2} (/build/{item_word})
\x1b[33mwarning\x1b[0m: unused variable: `total`
  --> src/main.rs:{n}:{n2}
   = help: if this is intentional, prefix it with an underscore: `_total`
test result: ok. {size} passed; 0 failed; {n} ignored; finished in {n2}.{n}s
warning: `{item_word}` generated 1 warning. Run `cargo fix` to apply it, then commit {hex}""",
    "log-ssh": """{month} {d:02} 10:{n2:02}:41 {host} sshd[{size}]: Accepted publickey for deploy from 192.0.2.{n} port 5{size} ssh2: ED25519 SHA256:{b64}
{month} {d:02} 10:{n2:02}:41 {host} systemd[1]: Started Session {n} of user deploy.
{month} {d:02} 10:{n2:02}:55 {host} sudo: deploy : TTY=pts/0 ; PWD=/srv ; USER=root ; COMMAND=/usr/bin/systemctl restart {item_word}
{month} {d:02} 10:{n2:02}:58 {host} sshd[{size}]: Failed password for invalid user admin from 198.51.100.{n2} port 4{size} ssh2""",
    "table": """id,customer,city,amount,created_at,note
{order},{a},Lisbon,{price:.2f},2026-{m:02}-{d:02},{item}
{order2},{b},Graz,{price2:.2f},2026-{m:02}-{d:02},"urgent: call before {hour}, don't ring twice"
{size},{firm},Oslo,{total:.2f},2026-{m:02}-{d:02},see invoice {order}
{size}1,{a},Ghent,{vat:.2f},2026-{m:02}-{d:02},refund of {item2}""",
    "ticket": """#{order} {topic} does not work on {host}

Reported by {a}, {date}. Priority: high. Assigned to: {b}.

Steps: 1. open {path}, 2. log in as a user, 3. press "Send". Expected: the form closes. What happens: "Error {size}: token is
missing or expired, run the setup again with --verbose". The admin says it worked before the update of {day}. Ignore the first
screenshot, it shows the old version. Please fix it before the release, thanks!""",
    "review": """★★★★☆ {item}, bought from {firm}

Arrived on {day}, {n} days late, but the {item} itself is lovely. The instructions are hard to follow: disregard step {d}, it is
for the older model, and start with the legs. You should have a second person at hand. Customer service ({a_first}) answered at
once and sent me the missing screws. I'd buy it again for {price:.2f}. Would recommend to anyone who, like me, hates ladders.""",
    "config": """# {host}.yaml, written by {a_first} for {firm}
server:
  listen: "10.0.{n}.{n2}:8443"
  workers: {n}
database:
  url: "${{DATABASE_URL}}"      # from the environment, never here
  pool: {{ max: {n2}, idle: 30s }}
auth: {{ issuer: "https://id.example/realms/{item_word}", audience: "{host}" }}
prompt: "You answer questions about {topic}. Be brief."
retention_days: {size}""",
}


def mail(name):
    return f"{name.split()[0].lower()}@example.com"


def values(chance):
    one, other = chance.sample(PEOPLE, 2)
    price, price2 = chance.uniform(3, 900), chance.uniform(3, 900)
    item, item2 = chance.sample(ITEMS, 2)
    topic, topic2 = chance.sample(TOPICS, 2)
    day, month = chance.randint(1, 28), chance.randint(1, 12)
    return {
        "a": one, "b": other, "a_mail": mail(one), "b_mail": mail(other), "a_first": one.split()[0], "b_first": other.split()[0],
        "b_last": other.split()[1], "firm": chance.choice(FIRMS), "topic": topic, "topic2": topic2, "place": chance.choice(PLACES),
        "item": item, "item2": item2, "item_word": item.split()[0].lower(), "host": chance.choice(HOSTS), "path": chance.choice(PATHS),
        "path2": chance.choice(PATHS), "n": chance.randint(2, 40), "n2": chance.randint(10, 59), "d": day, "m": month,
        "h": chance.randint(7, 9), "hour": f"{chance.randint(8, 12)}:30", "hour2": f"{chance.randint(13, 18)}:00",
        "day": chance.choice("Monday Tuesday Wednesday Thursday Friday".split()), "month": chance.choice("Jan Feb Mar Apr May Jun".split()),
        "date": f"{day}.{month}.2026", "order": f"{chance.randint(1000, 9999)}-{chance.randint(100, 999)}",
        "order2": f"K{chance.randint(10000, 99999)}", "price": price, "price2": price2, "vat": (price + price2) * 0.19,
        "total": (price + price2) * 1.19, "size": chance.randint(101, 999), "epoch": chance.randint(1_760_000_000, 1_790_000_000),
        "hex": f"{chance.getrandbits(160):040x}", "b64": "".join(chance.choices("ABCDEFGHabcdefgh01234567", k=43)),
    }


def written():
    for name, template in TEMPLATES.items():
        # A seed of a text gives the same numbers on every machine and version.
        chance = random.Random(f"corpus {name}")
        for number in range(COUNT):
            text = template.format_map(values(chance))
            yield Piece(text, f"template {name.split('-')[0]}", f"template {name} {number}", template=name)
