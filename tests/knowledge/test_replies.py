"""Replies: all that are known, said live, shown with what clients print, searched, drawn and judged."""

import html
from collections import Counter

import ipywidgets
import pytest

from sestools.core.enums import Mark, Stage
from sestools.knowledge.client_output import KnownReply, client_outputs, known_replies, recognise
from sestools.knowledge.table import cause
from sestools.plots import picture, plot
from sestools.plots.reply_map import COLUMNS, ROWS, cells
from sestools.simulator import faults
from sestools.widgets import ReplyPanel, ReplyTable, judge, say, simulator

CLIENTS = ["smtplib", "aiosmtplib", "swaks", "curl", "curl --verbose", "msmtp", "nodemailer", "postfix"]
EVIL = "550 <img src=x onerror=alert(1)> </pre><script>alert(2)</script>"

# AWS's table of SMTP response codes: the code, the words that do not vary, and the cause.
AWS = [
    (235, "Authentication successful", "auth-ok"),
    (250, "Ok ", "accepted"),
    (421, "Too many concurrent SMTP connections", "too-many-connections"),
    (451, "Temporary service failure", "service-failure-451"),
    (451, "Timeout waiting for data from client", "idle-timeout"),
    (454, "Throttling failure: Daily message quota exceeded", "daily-quota"),
    (454, "Throttling failure: Maximum sending rate exceeded", "send-rate"),
    (454, "Temporary authentication failure", "auth-temporary"),
    (454, "Temporary service failure", "service-failure-454"),
    (530, "Authentication required", "auth-required"),
    (535, "Authentication Credentials Invalid", "bad-credentials"),
    (535, "Account not subscribed to SES", "not-subscribed"),
    (552, "Message is too long", "too-long"),
    (553, "Invalid email address", "from-syntax"),
    (553, "address unknown", "rcpt-syntax"),
    (554, "Access denied: User ", "iam-denied"),
    (554, "Message rejected: Email address is not verified.", "not-verified"),
]


def html_of(widget: ipywidgets.Widget) -> str:
    """All HTML in a panel."""
    found = widget.value if isinstance(widget, ipywidgets.HTML) else ""
    return found + "".join(html_of(child) for child in getattr(widget, "children", ()))


def states_of(widget: ipywidgets.Widget) -> str:
    """Everything that a notebook would save of a panel."""
    return str(widget.get_state()) + "".join(states_of(child) for child in getattr(widget, "children", ()))


@pytest.mark.parametrize(("code", "text", "id"), AWS)
def test_the_documented_table_is_there(code: int, text: str, id: str) -> None:
    """Each row of AWS's table is known, marked as documented, with its cause."""
    found = [reply for reply in known_replies() if reply.code == code and text in reply.text]
    assert {reply.cause.id for reply in found} == {id}
    assert Mark.DOCUMENTED in {reply.mark for reply in found}


def test_what_we_add_to_it() -> None:
    """Every reply that the simulator can say is known too, and each says how sure it is; none comes twice."""
    known = known_replies()
    assert {reply.cause.id for reply in known} == set(faults.replies())
    assert len({reply.text.rstrip(".") for reply in known}) == len(known) > 60
    marks = Counter(reply.mark for reply in known)
    assert set(marks) == {Mark.DOCUMENTED, Mark.SEEN, Mark.INFERRED}
    assert min(marks.values()) > 10


def test_a_reply_is_recognised_in_its_variants() -> None:
    """By a cause's id, and by its words with another case, blanks or full stop; others are unknown."""
    assert recognise("send-rate") == recognise("454  throttling failure: maximum sending rate exceeded")
    assert recognise("idle-timeout").text == cause("idle-timeout").samples[0]  # type: ignore[union-attr]
    assert recognise("454 Throttling failure") is None
    assert recognise("connect-timeout") is None


def test_what_clients_print_of_a_reply() -> None:
    """Each refusal has one output of each client, the same by id and by words; a stranger has none."""
    refusals = [reply for reply in known_replies() if reply.code >= 400]
    assert refusals
    for reply in refusals:
        assert [one.client for one in client_outputs(reply.text)] == CLIENTS, reply.text
    assert client_outputs("send-rate") == client_outputs(
        "454 Throttling failure: Maximum sending rate exceeded."
    )
    assert [one.client for one in client_outputs("bad-credentials") if one.hides_reply] == ["curl"]
    assert client_outputs("450 Try later") == client_outputs("auth-ok") == ()


@pytest.mark.parametrize("reply", known_replies(), ids=lambda reply: f"{reply.stage} {reply.text[:40]}")
def test_every_reply_is_said_live(reply: KnownReply) -> None:
    """Over a real socket a simulator says it, and it is understood; the notebook's simulator hears nothing."""
    ses = simulator()
    ses.set_faults(faults.Refused())
    before = ses.connections
    said = say(reply.text)
    assert ses.connections == before
    assert [str(fault) for fault in ses.faults] == ["refused"]
    ses.set_faults()
    assert said.wire[-1] == f"S: {reply.text}"
    assert said.diagnosis.cause.id == reply.cause.id
    assert bool(said.client_outputs) == (reply.code >= 400)
    last = next((step for step in said.result.steps if step.symptom), None)
    if reply.cause.id == "starttls-first":
        assert last
        assert last.stage is Stage.MAIL  # said to a client without TLS, which we never let sign in
    elif reply.code >= 400:
        assert last
        assert last.stage is reply.stage
    for shown in (repr(said), said._repr_html_()):
        assert reply.cause.title in html.unescape(shown)
        assert said.rule in html.unescape(shown)
        assert "SimpleEmailService-" not in shown  # another one in each session


RULES = [
    ("auth-ok", "It is good news"),
    ("service-failure-454", "4xx: try again later. That holds here. Yes: after 5 s, 10 s, 30 s"),
    ("daily-quota", "4xx: try again later. More is known of this one. Yes, but only time helps"),
    ("idle-timeout", "4xx: try again later. More is known of this one. Yes, at once, on a new connection"),
    ("not-verified", "5xx: change something first. That holds here. No:"),
    ("mailfrom-domain", "5xx: change something first. More is known of this one. Yes, but only time helps"),
    ("450 4.2.0 Try later", "4xx: try again later. That holds here. Yes: after 5 s"),
    ("599 Never heard of", "5xx: change something first. That holds here. No:"),
]


@pytest.mark.parametrize(("reply", "rule"), RULES)
def test_the_retry_rule_follows(reply: str, rule: str) -> None:
    """The first digit gives a rule, and the reply as a whole keeps or corrects it."""
    assert say(reply).rule.startswith(rule)


def test_a_panel_says_what_is_picked() -> None:
    """A stage narrows the list, the button says the reply, and the text form is the same every time."""
    panel = ReplyPanel()
    assert panel.value is None
    assert "nothing said yet" in repr(panel)
    everything = len(panel._reply.options)
    assert everything == len(known_replies())
    panel._stage.value = "RCPT"
    assert 0 < len(panel._reply.options) < everything
    panel._reply.value = "501 Invalid RCPT TO address provided"
    panel._button.click()
    assert panel.wait(20)
    assert panel.value.diagnosis.cause.id == "rcpt-invalid"
    assert "smtplib.SMTPRecipientsRefused" in html_of(panel)
    assert html.escape(cause("rcpt-invalid").title) in panel._repr_mimebundle_()["text/html"]
    assert repr(panel) == repr(ReplyPanel("rcpt-invalid").run())
    assert panel.run("daily-quota").value.diagnosis.cause.id == "daily-quota"


def test_what_is_picked_last_is_said() -> None:
    """A reply of one's own goes before the list until something is picked from the list again."""
    panel = ReplyPanel()
    panel._own.value = "450 Try later"
    assert panel.run().value.text == "450 Try later"
    panel._stage.value = "RCPT"
    assert panel.run().value.text == panel._reply.value != "450 Try later"
    assert panel.run("599 Never heard of").value.text == "599 Never heard of"


def test_a_panel_keeps_no_secret() -> None:
    """The simulator's password is in no form of a panel that signed in."""
    panel = ReplyPanel("bad-credentials").run()
    assert "AUTH PLAIN [masked]" in html_of(panel)
    secret = simulator().credentials.password
    assert secret not in states_of(panel) + repr(panel) + str(panel._repr_mimebundle_())


def test_hostile_words_stay_words() -> None:
    """What a server says is shown and never obeyed: no tag of it is one in the page."""
    panel = ReplyPanel(EVIL).run()
    assert panel.value.wire[-1] == f"S: {EVIL}"
    for page in (html_of(panel), panel._repr_mimebundle_()["text/html"]):
        assert html.escape(EVIL) in page
        assert "<img" not in page
        assert "<script" not in page
    assert panel.value.diagnosis.cause.id == "unknown-5xx"
    assert "Not recorded: SES is not known to give this reply." in html_of(panel)


@pytest.mark.parametrize("nonsense", ["gremlins", "12 too short", "<b>", "connect-timeout"])
def test_what_is_no_reply_is_said_in_the_panel(nonsense: str) -> None:
    """Nonsense is a sentence in the panel, not a traceback; the plain call raises."""
    panel = ReplyPanel(nonsense).run()
    assert panel.value is None
    assert "This cannot be said" in html_of(panel)
    assert "<b>" not in html_of(panel)
    assert not panel._button.disabled
    with pytest.raises(ValueError, match="reply"):
        say(nonsense)


SEARCHES = [
    # words, how many replies at least and at most, what each of them holds
    ("", 60, 99, ""),
    ("454", 5, 5, "454 "),
    ("454 quota", 1, 1, "daily-quota"),
    ("QUOTA 454", 1, 1, "daily-quota"),
    ("after hours", 2, 2, "after hours"),
    ("rcpt 501", 1, 1, "rcpt-invalid"),
    ("inferred", 10, 30, "inferred"),
    ("github.com", 5, 60, "github.com"),
    ("no such words", 0, 0, ""),
]


@pytest.mark.parametrize(("words", "least", "most", "holds"), SEARCHES)
def test_the_table_is_searched(words: str, least: int, most: int, holds: str) -> None:
    """Every word must be in a row, in any column; what is shown follows each letter, and is stored as it is."""
    table = ReplyTable()
    assert table._search.continuous_update
    table.search(words)
    assert least <= len(table.rows) <= most
    shown = html_of(table)
    assert f"{len(table.rows)} of {len(known_replies())} replies" in shown
    assert shown.count("<tr") == len(table.rows) + 1
    stored = table._repr_mimebundle_()
    assert stored["text/html"].count("<tr") == len(table.rows) + 1
    assert len(stored["text/plain"].splitlines()) == len(table.rows) + 1
    for form in stored["text/plain"], html.unescape(stored["text/html"]):
        assert f"replies with {words!r}" in form if words else "replies with" not in form
    for row in stored["text/html"].split("<tr")[2:]:
        assert holds in html.unescape(row)
        assert 'href="https://' in row


def test_the_table_is_escaped() -> None:
    """Replies that hold tags and quotes come out as text."""
    page = ReplyTable("553").search("news@shop")._repr_mimebundle_()["text/html"]
    assert "&lt;news@shop&gt;" in page
    assert "<news@shop>" not in page


def test_the_picture_holds_every_refusal() -> None:
    """Each refusal is in the cell of its stage and rule; words beside the picture say the same."""
    replies = known_replies()
    found = cells(replies)
    refusals = {(reply.code, reply.stage, reply.cause.id) for reply in replies if reply.code >= 400}
    assert sum(sum(codes.values()) for codes in found.values()) == len(refusals)
    assert {stage for stage, _ in found} <= set(ROWS)
    assert {retry for _, retry in found} <= set(COLUMNS)
    drawn = [text.get_text() for text in plot(replies).texts]
    assert len(drawn) == sum(map(len, found.values()))
    assert "454: 2 causes" in drawn
    stored = picture(replies)
    assert stored.png.startswith(b"\x89PNG")
    assert "BODY: change something first: 552, 554: 15 causes" in stored.alt
    assert repr(stored) == f"<Picture: {stored.alt}>"


ERROR = "Failed: 454 Throttling failure: Daily message quota exceeded."
JUDGED = [
    ({"cause": ..., "retry": ...}, "not answered yet"),
    ({"cause": "daily-quota", "retry": ...}, "not answered yet"),
    ({"cause": "daily-quota", "retry": "after hours"}, "solved: The 24-hour sending quota is used up"),
    ({"cause": "daily-quota", "retry": "hours"}, "solved: "),
    ({"cause": "daily-quota", "retry": "after 5, 10, 30 s"}, "not yet: the cause is right"),
    ({"cause": "send-rate", "retry": "after hours"}, "not yet: the cause is another one"),
    ({"cause": "<b>", "retry": "after hours"}, "not yet: no cause is called '<b>'"),
]


@pytest.mark.parametrize(("answer", "said"), JUDGED)
def test_an_answer_is_judged(answer: dict, said: str) -> None:
    """Cause and retry rule must both be right; what is wrong is said without giving the answer away."""
    proof = judge(ERROR, answer)
    assert repr(proof).startswith(said)
    assert proof.solved is said.startswith("solved")
    assert said in html.unescape(proof._repr_html_())
    assert proof.solved or "quota" not in repr(proof)
