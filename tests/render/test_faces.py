"""One document, four faces: what each shows, and that none of them obeys a stranger's text."""

from __future__ import annotations

import html
import io
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from sestools.core.document import Code, Document, Field, Link, Table
from sestools.core.enums import Level
from sestools.core.text import printable
from sestools.render.fitting import shortened, wrapped
from sestools.render.html import as_html
from sestools.render.markdown import as_markdown
from sestools.render.terminal import console, show
from sestools.render.text import as_text

COMMAND = (
    "openssl s_client -starttls smtp -crlf -connect email-smtp.eu-west-1.amazonaws.com:587 -servername x" * 2
)
URL = "https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-smtp.html?a=1&b=2#c"


def document(text: str) -> Document:
    """The same text in every place of a document."""
    return Document(
        title=text,
        level=Level.PROBLEM,
        labels=(text,),
        lead=(text,),
        fields=(Field(label="Evidence", texts=(text, text)), Field(label="Do", texts=(text,))),
        parts=(
            Document(title="", tables=(Table(headings=("a", "b"), rows=((text, text),), right=("b",)),)),
            Document(title=text, folded=True, code=(text,)),
        ),
        notes=(text,),
    )


def terminal(document: Document, width: int = 80) -> str:
    """What a terminal of that width shows."""
    stream = io.StringIO()
    out = console(stream)
    out.width = width
    show(out, document)
    return stream.getvalue()


HOSTILE = (
    "@everyone look #12 !34 and https://evil.example/x www.evil.example a@evil.example",
    "![x](https://evil.example/x.png) [y](javascript:alert(1)) <https://evil.example>",
    "<script>alert(1)</script><img src=x onerror=alert(1)> &lt;b&gt;",
    "`code` ``` ~~~ $x$ $$y$$ :smile: ~label %milestone &epic *b* __b__ ~~s~~",
    "# heading", "- list", "1. list", "> quote", "| a | b |", "=== ---", "+ x", "a\n\n# b\n- c", "\x1b[31mred\x07", "\u202eabc",
    "group/project#1 user/repo@1234567 1234567890abcdef", "[ ] box", "[^1]: note", "`", "``", "a `b", "</details>",
)  # fmt: skip


def tokens(markdown: str) -> list[tuple[str, str]]:
    """The inline and block tokens of a Markdown text, with their contents."""
    parser = MarkdownIt("commonmark").enable("table").enable("strikethrough")
    found = []
    for token in parser.parse(markdown):
        found.append((token.type, token.content))
        found += [(child.type, child.content) for child in token.children or ()]
    return found


def check_markdown(text: str) -> None:
    """Nothing of the text is obeyed, and nothing of it is lost."""
    for kind, content in tokens(as_markdown(Document(title="T", fields=(Field(label="L", texts=(text,)),)))):
        assert kind not in (
            "link_open",
            "image",
            "html_inline",
            "em_open",
            "s_open",
            "heading_open",
            "code_block",
        )
        assert kind not in ("html_block", "blockquote_open", "ordered_list_open", "fence")
        if kind == "text":
            assert not re.search(r"@\w|://|www\.|#\d", content), content
    shown = "".join(
        content
        for kind, content in tokens(as_markdown(Document(notes=(text,))))
        if kind in ("text", "code_inline", "softbreak")
    )
    bare = printable(text, 700).replace("`", "")
    assert re.sub(r"\s+", "", shown.replace("`", "")) == re.sub(r"\s+", "", bare)


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_obeys_no_text(text: str) -> None:
    """A server's text neither mentions, links, embeds nor formats, and can be read as it came."""
    check_markdown(text)
    for kind, content in tokens(as_markdown(document(text))):
        assert kind not in ("link_open", "image")
        if kind.startswith("html"):
            assert re.fullmatch(r"(?s)\s*</?details>(<summary>[\w .,:?-]*</summary>)?\s*", content), content


@given(st.text(max_size=80))
def test_markdown_obeys_no_text_at_all(text: str) -> None:
    """Whatever text it is."""
    check_markdown(text)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, tuple[str, ...]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, tuple(name for name, _ in attrs)))


@pytest.mark.parametrize("text", HOSTILE)
def test_html_obeys_no_text(text: str) -> None:
    """A server's text adds no element and no attribute to the page."""
    mine, theirs = _Tags(), _Tags()
    mine.feed(as_html(document("harmless")).replace("<code>", ""))
    theirs.feed(as_html(document(text)).replace("<code>", ""))
    assert theirs.seen == mine.seen
    assert html.escape(printable(text).split("`")[0]) in as_html(document(text))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_terminal_obeys_no_text(text: str) -> None:
    """A server's text holds nothing that a terminal obeys."""
    for shown in (terminal(document(text)), as_text(document(text))):
        assert all(char.isprintable() or char == "\n" for char in shown)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_commands_and_addresses_can_be_copied(width: int) -> None:
    """Commands and web addresses stand on one line, unbroken, with nothing added, at any width."""
    shown = Document(
        title="T", fields=(Field(label="Same with", texts=(Code(COMMAND), Link(URL), "words " * 60)),)
    )
    lines = terminal(shown, width).splitlines()
    assert any(line.endswith(COMMAND) for line in lines)
    assert any(line.endswith(URL) for line in lines)
    prose = [line for line in lines if "words" in line]
    assert len(prose) > 1
    assert all(len(line) <= width for line in prose)
    assert f"`{COMMAND}`" in as_markdown(shown)
    assert f"<{URL}>" in as_markdown(shown)
    assert f'href="{html.escape(URL)}"' in as_html(shown)


def test_backticks_are_code_in_every_face() -> None:
    """What stands between backticks is code in Markdown and HTML, and bare on a terminal."""
    shown = Document(title="T", fields=(Field(label="Do", texts=("Set `relayhost` first.",)),))
    assert "Set relayhost first." in terminal(shown)
    assert "Set relayhost first." in as_text(shown)
    assert "Set `relayhost` first." in as_markdown(shown)
    assert "<code>relayhost</code>" in as_html(shown)


def test_a_narrow_terminal_keeps_what_matters() -> None:
    """Columns that a table calls dispensable go first, in their order; the others stay."""
    table = Table(
        headings=("port", "mode", "connect", "result"),
        rows=(("587", "STARTTLS", "12 ms", "ready"),),
        narrow=("mode", "connect"),
    )
    assert [
        [name for name in table.headings if name in terminal(Document(tables=(table,)), width)]
        for width in (80, 30, 16)
    ] == [["port", "mode", "connect", "result"], ["port", "connect", "result"], ["port", "result"]]


def test_levels_are_said_in_words() -> None:
    """No face tells how serious something is by colour alone."""
    for level in Level:
        shown = Document(title="Title", level=level)
        assert all(
            str(level) in face
            for face in (terminal(shown), as_text(shown), as_markdown(shown), as_html(shown))
        )


def test_a_link_in_a_table_shows_its_host() -> None:
    """A web page's table shows where a link leads in one word; text and Markdown keep the whole address."""
    shown = Document(tables=(Table(headings=("source",), rows=((Link(URL),),)),))
    assert f'href="{html.escape(URL)}" target="_blank" rel="noopener">docs.aws.amazon.com</a>' in as_html(
        shown
    )
    assert URL in as_text(shown)
    assert f"<{URL}>" in as_markdown(shown)


@pytest.mark.parametrize("width", [20, 40, 79, 80])
def test_a_command_in_a_sentence_is_not_broken(width: int) -> None:
    """Words wrap around a command and a web address; a stranger's long word is broken."""
    command, rest = "sestools mtu eu-west-1 --port 2587", "x" * 200
    text = f"Now run `{command}` or read {URL} and then {rest} at once."
    shown = wrapped(text, width)
    assert any(command in line for line in shown)
    assert any(URL in line for line in shown)
    assert all(len(line) <= width or command in line or URL in line for line in shown)
    assert "".join(shown).replace(" ", "") == text.replace("`", "").replace(" ", "")
    for lines in (1, 2, 3):
        short = wrapped(shortened(text, 68, lines), 68)
        assert len(short) <= lines
        assert max(map(len, short)) <= 68
        assert (command in " ".join(short)) or "sestools" not in " ".join(short)
