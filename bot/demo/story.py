"""The written conversation: an evening in a small community, and what the bot should make of it."""

from bot.demo.script import Conversation, Daily, Deletion, Desk, Edit, Expected, Line, Outcome, Person, Place

# Put together here, so that no scanner takes it for a real one.
FAKE_KEY = "sk_live_" + "4242" + "notarealkey" + "4242"

# Words of the staff channel, of what is deleted and of the key: the summary has none of them.
KEPT_OUT = ("budget", "something green", FAKE_KEY)

AUDITED = "report"  # key of the message whose audit ends the demo

CHATTER = Expected()
SOLVED = Expected(purpose="support")
UNSEEN = Expected(Outcome.UNSEEN)

STORY = Conversation(
    guild="The Lamplighters",
    owner=Person("nadia", "Nadia"),
    people=(
        Person("jonas", "Jonas", roles=("Staff",)),
        Person("mira", "Mira"),
        Person("ines", "Ines"),
        Person("pavel", "Pavel"),
        Person("otto", "Otto"),
        Person("lea", "Lea"),
        Person("tom", "Tom"),
        Person("dana", "דנה"),
        Person("samir", "سمير"),
        Person("robin", "Robin", roles=("Newcomer",)),
        Person("buildbot", "BuildBot", bot=True),
    ),
    places=(
        Place("general", topic="Everything else"),
        Place("help", topic="Ask here"),
        Place("dev", topic="Building the lamp"),
        Place("support", kind="forum", topic="One post per problem"),
        Place(
            "summaries",
            topic="What was said, every morning at eight",
            bot_may=("attach_files",),
            closed=True,
        ),
        Place("staff", topic="Staff only", only="Staff", bot_may=("attach_files",)),
        Place("open-a-ticket", topic="Press the button", closed=True),
        Place(
            "tickets",
            kind="forum",
            topic="One post per ticket; #open-a-ticket opens them",
            bot_may=("manage_threads", "manage_channels"),
            closed=True,
        ),
    ),
    threads=(("jonas", "dev", "api-403"),),
    posts=(
        (
            "lea",
            "support",
            "Dark mode is too dark",
            "I can't find the switch any more. Literally. It is black on black.",
        ),
        ("otto", "support", "Importing from the old version", "Is there a way to import my lamps from 1.x?"),
    ),
    staff_channel="staff",
    guest="lea",
    desk=Desk(
        forum="tickets",
        panel="open-a-ticket",
        role="Staff",
        teacher="jonas",
        lessons=(
            (
                "How do I reset my password?",
                "Open **Settings → Account** and press **Forgot password**. The link works for an hour.",
            ),
            (
                "How do I connect a lamp to the wifi?",
                "Hold the lamp's button until it blinks, then choose it under **Add a lamp** in the app.",
            ),
            (
                "How do I cancel my subscription?",
                "Open **Settings → Plan** and press **Cancel**. It stays until the month you have paid ends.",
            ),
        ),
        hint="Tickets: press the button in #open-a-ticket and ask how to reset your password, then something"
        " nobody taught. As Jonas (staff) or Nadia (owner), look at #staff.",
    ),
    daily=Daily(
        channel="summaries",
        time="08:00",
        hint="Summaries: #summaries gets one when the conversation is over, and then every morning. Try"
        " /summary today anywhere, or a right click on a message, Apps, Catch me up from here.",
    ),
    steps=(
        Line(
            "nadia",
            "general",
            "Good evening, lamplighters. Who has put the coffee machine on the payroll?",
            CHATTER,
            "small talk",
        ),
        Line(
            "tom",
            "general",
            "not me, I was asleep. I have three witnesses, all of them cats",
            CHATTER,
            "small talk",
        ),
        Line(
            "mira",
            "help",
            "Hi all, how do I let one role see a single channel only? I have clicked every switch in this"
            " server, including two that turned out to be decoration",
            Expected(Outcome.ANSWERED, "help_request", purpose="support"),
            "a clear help request",
            key="request",
        ),
        Line(
            "jonas",
            "help",
            "did you restart it after changing the config, or did you only think about restarting it?",
            SOLVED,
            "a helper's question back",
            reply_to="request",
        ),
        Line("lea", "general", "I think the cofee machine edited itself in", CHATTER, "a typo", key="typo"),
        Edit("typo", "I think the coffee machine edited itself in", "the edit replaces the stored text"),
        Line(
            "lea",
            "dev",
            "thanks @jonas, fixed the 403! It was the token. It is always the token",
            SOLVED,
            "thanks, though it names an error",
        ),
        Line(
            "mira",
            "general",
            "oh, and how do I export the list of members? Asking for the spreadsheet people",
            Expected(intent="help_request", purpose="support", reason="answered this member a moment ago"),
            "the same member again, within the cooldown",
        ),
        Line(
            "otto",
            "dev",
            "I got \"TypeError: 'NoneType' object is not iterable\" last night. Turns out the list was on"
            " holiday. Solved it by sending another list",
            SOLVED,
            "a quoted error that somebody has solved",
        ),
        Line(
            "tom",
            "general",
            "Who even needs documentation when you have optimism and a free weekend?",
            CHATTER,
            "a rhetorical question",
        ),
        Line(
            "tom",
            "dev",
            f"note to self: API_KEY={FAKE_KEY} goes into .env and never ever into a chat",
            Expected(hidden=FAKE_KEY),
            "a secret, stored without it",
        ),
        Line("lea", "dev", "Tom. TOM.", CHATTER, "small talk"),
        Line(
            "ines",
            "api-403",
            "I keep getting a 403 from the API whenever I call /users with my new token. Can anyone"
            " help? My tea has gone cold twice",
            Expected(Outcome.ANSWERED, "problem_report", purpose="support", sentiment="neg"),
            "a problem report in a thread",
            key="report",
        ),
        Line(
            "otto",
            "api-403",
            "that's a classic, I had the same once and a new token fixed it",
            SOLVED,
            "a helper's answer",
        ),
        Line(
            "buildbot",
            "dev",
            "Build 4711 failed: error 500 while deploying. Can someone please help?",
            UNSEEN,
            "another bot, however desperate",
        ),
        Line("dana", "general", "ערב טוב לכולם! מה שלום מכונת הקפה?", CHATTER, "right-to-left text"),
        Line("samir", "general", "مساء الخير يا دانا، القهوة بخير والحمد لله", CHATTER, "right-to-left text"),
        Line(
            "pavel",
            "general",
            "yes mum, I have eaten something green today",
            CHATTER,
            "the wrong window",
            key="oops",
        ),
        Deletion("oops", "the deletion erases the stored text"),
        Line("pavel", "general", "you saw nothing", CHATTER, "small talk"),
        Line(
            "otto",
            "support",
            'The CSV export crashes every time I pick more than 500 lamps. It says "export failed" and'
            " nothing else. Does anyone know what is wrong?",
            Expected(Outcome.ANSWERED, "problem_report", purpose="support"),
            "a problem report as a forum post",
            title="CSV export crashes",
        ),
        Line(
            "tom",
            "dev",
            "@jonas the login page you shipped yesterday shows me an error when I sign in, can you help?",
            Expected(intent="problem_report", purpose="support", reason="addressed to another member"),
            "a report addressed to another member",
        ),
        Line(
            "jonas",
            "dev",
            "on it. It worked on my machine, so I'm sending you my machine",
            CHATTER,
            "a helper's answer",
        ),
        Line(
            "nadia",
            "staff",
            "I keep getting an error when I open the budget. Can anyone help? And nobody tell Tom",
            UNSEEN,
            "the staff channel stays among staff",
        ),
        Line(
            "pavel",
            "general",
            "URGENT: production is down! Every page returns a 502 and customers are calling me at home,"
            " can someone help??",
            Expected(
                Outcome.ESCALATED,
                "problem_report",
                purpose="support",
                sentiment="neg",
                urgency="high",
                reason="urgent",
            ),
            "an urgent report goes to the staff",
        ),
        Line("jonas", "general", "looking into it right now", CHATTER, "staff answer"),
        Line(
            "lea",
            "general",
            "off to bed. If the office burns down, it was the coffee machine. Good night all",
            CHATTER,
            "small talk",
        ),
    ),
)
