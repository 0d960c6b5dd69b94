"""Panels without a browser: what they run, show, keep and forget."""

import copy
import html
import pickle
import threading
from collections.abc import Iterator
from pathlib import Path

import ipywidgets
import pytest

from sestools.core.credentials import Credentials
from sestools.core.enums import Level
from sestools.core.masking import Secret
from sestools.core.results import Symptom
from sestools.core.target import Target
from sestools.diagnosis.result import Diagnosis
from sestools.knowledge.table import CAUSES, cause
from sestools.plots import picture, plot, to_svg
from sestools.simulator import Simulator, faults
from sestools.widgets import (
    CheckPanel,
    DiagnosisPanel,
    credentials_for,
    endpoints,
    lines_to_type,
    next_notebook,
    place,
    prove,
    simulator,
)
from sestools.widgets import panel as panel_module
from sestools.widgets.endpoints import BINDER_NOTE, own_simulator
from sestools.widgets.panel import FAULTS
from sestools.widgets.secret import PasswordField
from sestools.widgets.triage import SYMPTOMS

CANARY = "canary+Secret/Password=44characters0123456789"


@pytest.fixture
def ses() -> Iterator[Simulator]:
    """The process's simulator, healthy again afterwards."""
    server = simulator("eu-west-1")
    yield server
    server.set_faults()


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test begins with panels that remember nothing, and not on Binder."""
    monkeypatch.setattr(panel_module, "_KEPT", {})
    for name in ("BINDER_SERVICE_HOST", "BINDER_REF_URL", "BINDER_LAUNCH_HOST"):
        monkeypatch.delenv(name, raising=False)


def html_of(widget: ipywidgets.Widget) -> str:
    """All HTML in a panel."""
    found = widget.value if isinstance(widget, ipywidgets.HTML) else ""
    return found + "".join(html_of(child) for child in getattr(widget, "children", ()))


def states_of(widget: ipywidgets.Widget) -> str:
    """Everything that a notebook would save of a panel."""
    return str(widget.get_state()) + "".join(states_of(child) for child in getattr(widget, "children", ()))


def test_a_new_panel_touches_no_network(ses: Simulator) -> None:
    """Building a panel connects nowhere and says that nothing was run."""
    before = ses.connections
    panel = CheckPanel(fault="dropped@25")
    assert panel.value is None
    assert ses.connections == before
    assert "not run yet" in repr(panel)
    assert panel._fields["port"].index == 0  # a drop-down without an index looks empty
    assert "text/html" not in panel._repr_mimebundle_()


def test_run_shows_waterfall_card_and_lines(ses: Simulator) -> None:
    """After a run the panel holds the report and shows it in all its parts."""
    panel = CheckPanel(fault="dropped@25", timeout=0.7).run()
    shown = html_of(panel)
    assert panel.value.diagnosis.cause.id == "port25-blocked"
    assert 'role="img" aria-label="Waterfall of stage times. port 25: no answer' in shown
    for needed in (
        cause("port25-blocked").title,
        "nc -vz -w 5 email-smtp.eu-west-1.amazonaws.com 25",
        "Test-NetConnection",
    ):
        assert needed in shown
    assert "openssl s_client" not in shown  # it sees no more of this
    assert ses.faults == ()  # the notebook's own simulator is another one


def test_the_text_form_is_the_same_every_time(ses: Simulator) -> None:
    """No time, port or path of this run is in the text form, so stored outputs can be compared."""
    forms = {repr(CheckPanel(name=name, fault="dropped@25", timeout=0.6).run()) for name in "ab"}
    assert len(forms) == 1
    (text,) = forms
    assert text.splitlines()[1] == f"  notice: {cause('port25-blocked').title} [port25-blocked]"
    assert len(text.splitlines()) == 7
    assert " ms" not in text
    assert "127.0.0.1" not in text
    bundle = CheckPanel(name="c", fault="dropped@25", timeout=0.6).run()._repr_mimebundle_()
    assert bundle["text/plain"] == text
    assert '<img alt="Waterfall' in bundle["text/html"]


def test_every_fault_on_offer_leads_to_a_verdict(ses: Simulator) -> None:
    """Each entry of the list of faults is one, and all but the first make a verdict of their own."""
    seen = {}
    panel = CheckPanel(timeout=0.6)
    for name, fault in FAULTS.items():
        report = panel.run(fault=fault).value
        seen[name] = report.diagnosis.cause.id
        assert (report.level is Level.OK) == (fault == ""), name
    assert len(seen) == len(FAULTS) > 5
    assert len(set(seen.values())) >= len(seen) - 1, seen


def test_a_fault_of_ones_own(ses: Simulator) -> None:
    """Faults that are not in the list are offered too, several at a time."""
    panel = CheckPanel(port=587, timeout=0.6).run(fault="dropped@25; closed:GREETING@587")
    assert panel.value.diagnosis.cause.id == "closed-at-once"
    assert "fault dropped@25; closed:GREETING@587" in panel.asked


@pytest.mark.parametrize(
    ("port", "security", "lead"),
    [(465, "starttls", "no-greeting"), (587, "wrapper", "wrapper-on-starttls"), (465, None, "healthy")],
)
def test_the_tls_mode_is_tried(ses: Simulator, port: int, security: str | None, lead: str) -> None:
    """Port and TLS mode of the form are those of the check."""
    panel = CheckPanel(port=port, security=security, timeout=0.6).run()
    assert panel.value.diagnosis.cause.id == lead


def test_signing_in(ses: Simulator) -> None:
    """With both halves of the credentials the check signs in; the text form says so."""
    panel = CheckPanel(port=587, credentials=ses.credentials).run()
    assert "sign-in on 587: signed in" in repr(panel)
    assert "credentials=…" in html_of(panel)
    panel.run(credentials=Credentials(user=ses.credentials.user, password=CANARY))
    assert panel.value.diagnosis.cause.id != "healthy"
    assert CANARY not in states_of(panel) + repr(panel) + str(panel._repr_mimebundle_())


def test_wrong_use_is_said_in_the_panel() -> None:
    """A region that is none is a sentence in the panel, not a traceback; a field that is none is refused."""
    panel = CheckPanel(endpoint="real", region="<b>nowhere</b>").run()
    assert panel.value is None
    assert "This cannot be checked" in html_of(panel)
    assert "<b>nowhere" not in html_of(panel)
    with pytest.raises(ValueError, match="no field 'speed'"):
        panel.run(speed=1)


def test_the_button_runs_in_a_thread_and_cancel_ends_it(ses: Simulator) -> None:
    """The kernel stays free, progress is shown, and cancel ends the check long before its time-out."""
    panel = CheckPanel(fault="dropped", timeout=30)
    looking = threading.Event()
    panel._status.observe(lambda change: "port 25" in change["new"] and looking.set(), names="value")
    panel._button.click()
    assert looking.wait(10)
    assert panel._button.disabled
    assert not panel._stop.disabled
    panel._stop.click()
    assert panel.wait(5)
    assert panel.value is None
    assert "Cancelled" in html_of(panel)
    assert not panel._button.disabled
    assert panel._stop.disabled


def test_a_cancelled_panel_can_run_again(ses: Simulator) -> None:
    """Cancel ends one run, not the next."""
    panel = CheckPanel(timeout=1)
    panel.cancel()
    assert panel.run().value.level is Level.OK


def test_a_cell_that_is_run_again_keeps_its_values() -> None:
    """The same call gives the values that were chosen, with the password; other arguments begin anew."""
    first = CheckPanel(fault="dropped@25")
    first._fields["port"].value = 465
    first._fields["user"].value = "AKIAIOSFODNN7EXAMPLE"
    password_of(first).value = CANARY
    again = CheckPanel(fault="dropped@25")
    assert again._fields["port"].value == 465
    assert again._fields["user"].value == "AKIAIOSFODNN7EXAMPLE"
    assert again._secret.reveal() == CANARY
    other = CheckPanel(fault="dropped@25", port=25)
    assert other._fields["port"].value == 25
    assert not other._secret
    assert not CheckPanel(name="another", fault="dropped@25")._secret


def password_of(panel: CheckPanel) -> ipywidgets.Password:
    """The field in which a person types the password."""
    (field,) = [child for child in panel.children[1].children if isinstance(child, PasswordField)]
    return field.children[0]


def test_a_typed_password_leaves_the_field_at_once() -> None:
    """What a person types goes to memory; the field, its state and every text form are without it."""
    panel = CheckPanel()
    field = password_of(panel)
    field.set_state({"value": CANARY})  # as a browser does
    assert field.value == ""
    assert field.placeholder == "held in memory"
    assert panel._secret.reveal() == CANARY
    assert CANARY not in states_of(panel) + repr(panel) + repr(vars(panel)) + html_of(panel)
    assert field.continuous_update is False
    panel.children[1].children[-1].children[1].click()  # Forget
    assert not panel._secret
    assert field.placeholder == "kept in memory only"


def test_the_search_would_find_a_plain_password_field() -> None:
    """The control: an ordinary Password field does keep its value in the state."""
    assert CANARY in states_of(ipywidgets.VBox([ipywidgets.Password(value=CANARY)]))


def test_a_secret_is_not_shown_copied_or_pickled() -> None:
    """Nothing but `reveal` gives a secret away."""
    secret = Secret(CANARY)
    assert CANARY not in f"{secret} {secret!r}"
    for away in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="stays in the process"):
            away(secret)


def test_on_binder_the_panel_says_what_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Binder lets no SMTP out: the note is there, and a warning as soon as the real endpoint is chosen."""
    assert html.escape(BINDER_NOTE) not in html_of(CheckPanel())
    monkeypatch.setenv("BINDER_SERVICE_HOST", "192.0.2.1")
    panel = CheckPanel()
    assert html.escape(BINDER_NOTE) in html_of(panel)
    assert "Warning" not in html_of(panel)
    panel._fields["endpoint"].value = "real"
    assert "Warning" in html_of(panel)
    assert panel._fields["fault"].disabled


def test_on_binder_a_notebook_says_what_works(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first simulator, or the real endpoint, brings the note, once; elsewhere there is none."""
    monkeypatch.setattr(endpoints, "_TOLD", threading.Event())
    simulator("eu-west-1")
    place("real", "eu-west-1")
    assert BINDER_NOTE not in capsys.readouterr().out
    monkeypatch.setenv("SESTOOLS_CONTEXT", "binder")
    place("real", "eu-west-1")
    simulator("eu-west-1")
    assert capsys.readouterr().out.count(BINDER_NOTE) == 1


def test_where_to_knock(ses: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulator brings its address and its own credentials; the real endpoint asks the environment."""
    assert set(place("simulator", "eu-west-1")) == {"connect_to", "ca_file"}
    assert place("real", "eu-west-1") == {}
    assert credentials_for("simulator", "eu-west-1") == ses.credentials
    monkeypatch.delenv("SESTOOLS_PASSWORD", raising=False)
    with pytest.raises(ValueError, match="SESTOOLS_PASSWORD"):
        credentials_for("real", "eu-west-1")
    monkeypatch.setenv("SESTOOLS_USER", "AKIA")
    monkeypatch.setenv("SESTOOLS_PASSWORD", CANARY)
    assert credentials_for("real", "eu-west-1").password == CANARY
    with pytest.raises(ValueError, match="'simulator' or 'real'"):
        place("moon", "eu-west-1")
    assert simulator("eu-west-1") is ses


PROOFS = [
    # answer, fault, solved, said
    ({"port": ...}, "dropped@25", False, "not answered yet"),
    ({"port": 25}, "dropped@25", False, "not yet: Connections to port 25 time out"),
    ({"port": 587}, "dropped@25", True, "solved: ready to sign in on port 587 with STARTTLS"),
    ({"port": 465, "security": "wrapper"}, "", True, "on port 465 with a TLS wrapper"),
    ({"port": 587, "user": "AKIAIOSFODNN7EXAMPLE", "password": CANARY}, "", False, "not yet"),
]


@pytest.mark.parametrize(("answer", "fault", "solved", "said"), PROOFS)
def test_an_answer_is_proved(ses: Simulator, answer: dict, fault: str, solved: bool, said: str) -> None:
    """An exercise's answer is tried on the simulator, and the text says what came of it."""
    proof = prove(answer, fault=fault)
    assert proof.solved is solved
    assert said in repr(proof)
    assert said in proof._repr_html_()
    assert CANARY not in proof._repr_html_()


@pytest.mark.parametrize(("symptom", "lead"), SYMPTOMS.items())
def test_a_symptom_leads_to_its_cause(symptom: str, lead: str) -> None:
    """Each entry of the list of symptoms gives the cause that it stands for, and a next notebook."""
    panel = DiagnosisPanel(symptom=symptom)
    assert panel.value.cause.id == lead
    assert cause(lead).title in html.unescape(html_of(panel))
    assert next_notebook(panel.value)[0] in repr(panel)


def test_a_pasted_error_is_explained_and_masked() -> None:
    """Pasting gives a card; hostile text is escaped, and the secret in it leaves the field too."""
    panel = DiagnosisPanel()
    assert panel.value is None
    panel.diagnose(f"<script>alert(1)</script> 535 Authentication Credentials Invalid password={CANARY}")
    assert panel.value.cause.id == "bad-credentials"
    assert "<script>" not in html_of(panel)
    assert CANARY not in states_of(panel) + repr(panel)
    panel.diagnose("")
    assert panel.value is None


@pytest.mark.parametrize(
    ("id", "name"),
    [
        ("connect-timeout", "01-cannot-connect.ipynb"),
        ("credential-secret-key", "01-cannot-connect.ipynb"),
        ("egress-blocked", "01-cannot-connect.ipynb"),
        ("port25-blocked", "02-ec2-port-25.ipynb"),
        ("mtu-stall", "04-mtu.ipynb"),
        ("addresses-dead", "06-allowlisting.ipynb"),
        ("bad-credentials", "01-cannot-connect.ipynb"),
        ("foreign-greeting", "01-cannot-connect.ipynb"),
        ("not-verified", "07-reply-codes.ipynb"),
        ("too-many-connections", "07-reply-codes.ipynb"),
        ("reply-hidden", "07-reply-codes.ipynb"),
        ("unknown-4xx", "07-reply-codes.ipynb"),
        ("send-rate", "03-lost-to-network-faults.ipynb"),
        ("connection-lost", "03-lost-to-network-faults.ipynb"),
        ("idle-timeout", "05-long-lived-connections.ipynb"),
        ("unknown", "09-incident.ipynb"),
    ],
)
def test_which_notebook_next(id: str, name: str) -> None:
    """What fails before mail is handed over belongs to 01 or its own notebook, refusals to 07, the rest to 09."""
    assert next_notebook(Diagnosis(symptom=Symptom(), candidates=(cause(id),)))[0] == name


def test_the_notebook_that_is_next_exists() -> None:
    """Whatever the cause, the notebook that is named is there."""
    folder = Path(__file__).parents[2] / "notebooks"
    named = {next_notebook(Diagnosis(symptom=Symptom(), candidates=(row,)))[0] for row in CAUSES}
    assert len(named) >= 3
    assert all((folder / name).is_file() for name in named)


def test_lines_to_type() -> None:
    """The lines name the target, and say how to read what they print; server text is escaped."""
    lines = lines_to_type(Target.ses("eu-west-1", port=465), tools=("telnet", "openssl"))
    assert [line.tool for line in lines.lines] == ["telnet", "openssl"]
    assert "-starttls" not in repr(lines)
    assert "email-smtp.eu-west-1.amazonaws.com:465" in lines._repr_html_()
    assert "healthy" in lines._repr_html_()


def test_the_pictures(ses: Simulator) -> None:
    """The waterfall names each port's end in words, takes the page's colour as SVG, and stores its alt text."""
    report = CheckPanel(fault="dropped@25", timeout=0.6).run(credentials=ses.credentials).value
    assert picture(report).alt.startswith("Waterfall of stage times. port 25: no answer; port 587: ok")
    assert "587, sign-in: ok" in picture(report).alt
    ax = plot(report)
    assert next(label.get_text() for label in ax.get_yticklabels()) == "port 25"
    assert ax.texts[0].get_text().startswith("no answer, ")
    svg = to_svg(report)
    assert svg.startswith('<svg role="img" aria-label="Waterfall')
    assert "currentColor" in svg
    assert "#010203" not in svg
    stored = picture(report)
    assert stored.png.startswith(b"\x89PNG")
    assert repr(stored) == f"<Picture: {picture(report).alt}>"
    assert f'alt="{stored.alt}"' in stored._repr_html_()


def test_faults_as_written() -> None:
    """Several faults in one text, none for an empty one, and wrong ones refused."""
    assert own_simulator("eu-west-1", "dropped@25; refused@587;").faults == (
        faults.parse("dropped@25"),
        faults.parse("refused@587"),
    )
    assert own_simulator("eu-west-1", "").faults == ()
    with pytest.raises(ValueError, match="no fault"):
        own_simulator("eu-west-1", "gremlins")
