"""The notebooks in JupyterLab, as a person uses them: run all, look, click, type, save."""

import json
import os
import urllib.parse
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from browser.lab import CHROMIUM, Lab, jupyter_lab
from sestools.knowledge.table import cause

expect.set_options(timeout=20_000)  # a busy machine may take its time
pytestmark = pytest.mark.xdist_group("browser")  # one JupyterLab for all

CANARY = "Canary+Secret/Password=44characters0123456789"
USER = "AKIAIOSFODNN7EXAMPLE"
PICTURES = ", ".join(
    f'img[alt^="{words}"]'
    for words in (
        "Waterfall of stage times",
        "Bytes acknowledged",
        "Addresses of",
        "Connect times",
        "Reply codes by stage",
        "Lost, sent",
        "Survival",
    )
)
WATERFALL = '.sestools-panel [role="img"][aria-label^="Waterfall of stage times"]'


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab for the module."""
    with jupyter_lab(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """One window for the module: JupyterLab takes longer to load than a notebook takes to open in it."""
    with sync_playwright() as playwright:
        # A container's root may not use Chromium's sandbox; it opens only pages of our own.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": 1120, "height": 1400})
        opened.set_default_timeout(30_000)
        yield opened
        browser.close()


SHOWN = [
    # notebook, titles that must be seen, waterfalls in panels (None: it is not about them)
    ("00-start-here", ("port25-blocked", "bad-credentials", "healthy"), 1),
    ("01-cannot-connect", ("port25-blocked", "egress-blocked", "no-greeting", "wrapper-on-starttls"), 6),
    ("02-ec2-port-25", ("port25-blocked",), 0),
    ("03-lost-to-network-faults", ("connection-lost",), 0),
    ("04-mtu", ("mtu-stall", "mtu-black-hole"), 0),
    ("05-long-lived-connections", ("idle-timeout",), 0),
    ("06-allowlisting", (), 0),
    ("07-reply-codes", ("send-rate", "daily-quota", "not-verified", "bad-credentials", "reply-hidden"), None),
    ("09-incident", ("ports-blocked",), 0),
]

CLIPPED = """() => [...document.querySelectorAll('.sestools-panel button, .sestools-panel label')]
    .filter(one => {
        const box = one.getBoundingClientRect(), row = one.parentElement.parentElement.getBoundingClientRect();
        return one.scrollWidth > one.clientWidth + 1 || box.right > row.right + 1;
    }).map(one => one.textContent)"""


SCREENSHOTS = os.environ.get("SESTOOLS_SCREENSHOTS")
"""A folder for pictures of whole notebooks, to look at."""


@pytest.mark.parametrize(("name", "titles", "waterfalls"), SHOWN)
def test_run_all(lab: Lab, page: Page, name: str, titles: tuple[str, ...], waterfalls: int | None) -> None:
    """Every cell runs, nothing fails, and verdicts and pictures are seen, in the light and the dark theme."""
    notebook = lab.open(page, f"{name}.ipynb")
    notebook.run_all()
    assert notebook.errors() == []
    for theme in ("Dark", "Light"):
        notebook.command("apputils:change-theme", theme=f"JupyterLab {theme}")
        for id in titles:
            expect(page.locator(".jp-OutputArea-output").get_by_text(cause(id).title).first).to_be_visible()
        if waterfalls is not None:
            expect(page.locator(WATERFALL)).to_have_count(waterfalls)
        if not waterfalls:
            expect(page.locator(PICTURES).first).to_be_visible()
        assert page.evaluate(CLIPPED) == []
        if SCREENSHOTS:
            notebook.screenshot(Path(SCREENSHOTS) / f"{name}-{theme.lower()}.png")


def test_a_person_checks_cancels_and_checks_again(lab: Lab, page: Page, tmp_path: Path) -> None:
    """The buttons work: a check that hangs is cancelled, the next one ends, and a re-run cell keeps the choice."""
    path = lab.root / "person.ipynb"
    cells = ["from sestools.widgets import CheckPanel\nCheckPanel(timeout=20)"]
    write(path, cells)
    notebook = lab.open(page, path.name)
    notebook.run_all()
    panel = page.locator(".sestools-panel")
    panel.get_by_label("Fault (simulator)").select_option("every port dropped")
    panel.get_by_role("button", name="Check").click()
    expect(panel.get_by_role("status")).to_contain_text("port 25")
    expect(panel.get_by_role("button", name="Check")).to_be_disabled()
    expect(panel.locator(".progress")).to_be_visible()
    page.screenshot(path=tmp_path / "running.png")
    panel.get_by_role("button", name="Cancel").click()
    expect(panel.get_by_role("status")).to_have_text("Cancelled.", timeout=5_000)
    panel.get_by_label("Fault (simulator)").select_option("none: a healthy endpoint")
    panel.get_by_label("Port").select_option("465")
    panel.get_by_role("button", name="Check").click()
    expect(panel.get_by_text(cause("healthy").title)).to_be_visible()
    expect(page.locator(WATERFALL)).to_have_attribute("aria-label", "Waterfall of stage times. port 465: ok.")
    shown = panel.get_by_role("region", name="result")
    expect(shown).to_contain_text(
        "Result for: simulator, eu-west-1 (email-smtp.eu-west-1.amazonaws.com), port 465."
    )
    expect(panel.locator(".sestools-stale")).to_have_count(0)
    panel.get_by_label("Region").fill("us-east-1")
    panel.get_by_label("Region").press("Enter")
    expect(panel.get_by_role("note")).to_have_text("These results are for other settings: run again.")
    expect(panel.locator(".sestools-stale")).to_have_css("opacity", "0.6")
    page.screenshot(path=tmp_path / "greyed.png")
    notebook.run_all()
    expect(panel.get_by_role("status")).to_have_text("Not run yet.")
    expect(panel.get_by_label("Port")).to_have_value("465")


def test_a_person_pastes_an_error(lab: Lab, page: Page) -> None:
    """A pasted error is explained when the button is pressed."""
    path = lab.root / "paste.ipynb"
    write(path, ["from sestools.widgets import DiagnosisPanel\nDiagnosisPanel()"])
    lab.open(page, path.name).run_all()
    panel = page.locator(".sestools-panel")
    panel.get_by_label("Or paste an error").fill(
        "smtplib.SMTPAuthenticationError: (535, b'Authentication Credentials Invalid')"
    )
    panel.get_by_role("button", name="Diagnose").click()
    expect(panel.get_by_text(cause("bad-credentials").title)).to_be_visible()
    panel.get_by_label("Symptom").select_option("The connection is refused")
    expect(panel.get_by_text(cause("connection-refused").title).first).to_be_visible()


def test_a_person_picks_a_reply_and_searches(lab: Lab, page: Page, tmp_path: Path) -> None:
    """Stage and reply are picked, the button says it; the table follows what is typed, letter by letter."""
    path = lab.root / "replies.ipynb"
    write(
        path,
        [
            "from sestools.widgets import ReplyPanel\nReplyPanel()",
            "from sestools.widgets import ReplyTable\nReplyTable()",
        ],
    )
    notebook = lab.open(page, path.name)
    notebook.run_all()
    panel = page.locator(".sestools-panel").first
    panel.get_by_label("Stage").select_option("RCPT: a recipient")
    panel.get_by_label("Reply", exact=True).select_option("RCPT  501 Invalid RCPT TO address provided")
    panel.get_by_role("button", name="Say it").click()
    expect(panel.get_by_text(cause("rcpt-invalid").title)).to_be_visible()
    expect(panel.get_by_text("smtplib.SMTPRecipientsRefused")).to_be_visible()
    panel.get_by_label("Or any other reply").fill("450 <b>bold</b>")
    panel.get_by_label("Or any other reply").blur()
    panel.get_by_role("button", name="Say it").click()
    expect(panel.get_by_text("S: 450 <b>bold</b>")).to_be_visible()
    table = page.locator(".sestools-panel").last
    table.get_by_label("Search").click()
    page.keyboard.type("454 quota")
    expect(table.get_by_role("status")).to_have_text("1 of 66 replies")
    expect(table.get_by_text("daily-quota")).to_be_visible()
    assert page.evaluate(CLIPPED) == []
    page.screenshot(path=tmp_path / "replies.png")


def test_a_person_loses_mail_in_the_lab(lab: Lab, page: Page, tmp_path: Path) -> None:
    """Faults, policy, choice and rate are picked, *Send* is pressed, and the pictures show what was lost."""
    path = lab.root / "lost.ipynb"
    write(path, ["from sestools.widgets import LabPanel\nLabPanel()"])
    lab.open(page, path.name).run_all()
    panel = page.locator(".sestools-panel")
    panel.get_by_label("Faults").select_option("refusals")
    panel.get_by_label("Retry policy").select_option("exponential, equal jitter")
    panel.get_by_label("Lost after the final dot").select_option("give up: perhaps lost")
    panel.get_by_label("Messages a second").fill("50")
    panel.get_by_label("Seed").fill("7")
    panel.get_by_label("Seed").press("Enter")
    expect(panel.get_by_text("seeds=[7]")).to_be_visible()
    panel.get_by_role("button", name="Send").click()
    expect(panel.get_by_role("status")).to_have_text("Done.")
    picture = panel.locator('img[alt^="Lost, sent twice and delayed"]')
    expect(picture).to_be_visible()
    assert "sestools, equal jitter: 0 of 500 lost" in (picture.get_attribute("alt") or "")
    expect(panel.locator('img[alt^="Timeline of attempts"]')).to_be_visible()
    assert page.evaluate(CLIPPED) == []
    page.screenshot(path=tmp_path / "lost.png", full_page=True)


def test_a_person_measures_lifetimes(lab: Lab, page: Page, tmp_path: Path) -> None:
    """Lives, cut-off and traffic are picked, *Measure* is pressed, and the curve, the costs and the advice are seen."""
    path = lab.root / "lifetimes.ipynb"
    write(path, ["from sestools.widgets import LifetimePanel\nLifetimePanel()"])
    lab.open(page, path.name).run_all()
    panel = page.locator(".sestools-panel")
    panel.get_by_label("Idle cut-off").fill("5")
    panel.get_by_label("Messages on a connection").fill("50")
    panel.get_by_label("Messages on a connection").press("Enter")
    panel.get_by_label("How your messages come").select_option("queue: 5 a second, evenly")
    panel.get_by_role("button", name="Measure").click()
    expect(panel.get_by_role("status")).to_have_text("Done.")
    expect(panel.get_by_text("50 messages", exact=True)).to_be_visible()
    expect(panel.locator('img[alt^="Survival by age"]')).to_be_visible()
    expect(panel.locator('img[alt^="Cost of a thousand messages"]')).to_be_visible()
    assert page.evaluate(CLIPPED) == []
    page.screenshot(path=tmp_path / "lifetimes.png", full_page=True)


def write(path: Path, sources: list[str]) -> None:
    """A notebook of such cells."""
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


def leaked(text: str) -> list[str]:
    """The forms of the canary that are in a text."""
    forms = {
        "plain": CANARY,
        "base64": b64encode(CANARY.encode()).decode().rstrip("="),
        "quoted": urllib.parse.quote(CANARY, safe=""),
        "AUTH PLAIN": b64encode(f"\0{USER}\0{CANARY}".encode()).decode().rstrip("="),
    }
    return [name for name, form in forms.items() if form in text]


@pytest.mark.parametrize("plain", [False, True], ids=["our field", "control: a plain Password"])
def test_a_typed_password_is_not_saved(lab: Lab, page: Page, plain: bool) -> None:
    """With widget state saved, neither notebook, log nor process list has the password that was typed.

    The control types it into an ordinary Password field, and the same search finds it.
    """
    path = lab.root / f"password-{plain}.ipynb"
    ours = "from sestools.widgets import CheckPanel\npanel = CheckPanel(port=587)\npanel"
    control = "import ipywidgets\nipywidgets.VBox([ipywidgets.Password(description='SMTP password')])"
    write(path, [control if plain else ours])
    notebook = lab.open(page, path.name)
    notebook.run_all()
    field = page.locator('input[type="password"]')
    field.click()
    page.keyboard.type(CANARY)
    field.blur()
    if not plain:
        expect(field).to_have_value("")
        expect(field).to_have_attribute("placeholder", "held in memory")
        page.get_by_label("SMTP user name").fill(USER)
        page.locator(".sestools-panel").get_by_role("button", name="Check").click()
        shown = page.get_by_text("AUTH: 535 Authentication Credentials Invalid").first
        expect(shown).to_be_visible()
    saved = json.dumps(notebook.save(), ensure_ascii=False)
    assert "widget-state+json" in saved
    processes = b"".join(one.read_bytes() for one in Path("/proc").glob("[0-9]*/cmdline") if one.exists())
    assert leaked(lab.log.read_text(errors="replace") + processes.decode(errors="replace")) == []
    assert leaked(saved) == (["plain"] if plain else [])
    if not plain:
        assert "held in memory" in saved
        assert "535 Authentication Credentials Invalid" in saved
