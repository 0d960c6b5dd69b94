"""What the simulator holds and endures; `make soak` and `make bench` go on where these end."""

import contextlib
import resource
import selectors
import smtplib
import socket
import ssl

from fuzz import fuzz
from senders import Fate, Senders

from sestools.simulator import Simulator


@contextlib.contextmanager
def many_files(count):
    """Let this process open so many files; where it may not, as many as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def heard(sockets):
    """What came over each of many sockets, one line each."""
    texts = {}
    with selectors.DefaultSelector() as selector:
        for one in sockets:
            selector.register(one, selectors.EVENT_READ)
        while len(texts) < len(sockets):
            ready = selector.select(timeout=10)
            assert ready, f"{len(sockets) - len(texts)} connections heard nothing"
            for key, _ in ready:
                texts[key.fileobj] = key.fileobj.recv(200)
                selector.unregister(key.fileobj)
    return list(texts.values())


def test_a_thousand_connections_are_held_at_once():
    """Each of 1,000 connections is greeted, and answered while all others are open."""
    with many_files(4096), Simulator(idle=60) as ses, contextlib.ExitStack() as stack:
        held = [
            stack.enter_context(socket.create_connection(ses.connect_to[587], timeout=10))
            for _ in range(1000)
        ]
        assert all(text.startswith(b"220 ") for text in heard(held))
        for one in held:
            one.sendall(b"NOOP\r\n")
        assert heard(held) == [b"250 Ok\r\n"] * 1000
        assert ses.connections == 1000


def test_nothing_is_answered_in_clear_text_after_starttls():
    """In 300 sessions whose first command comes together with the end of the handshake, all replies are encrypted."""
    with Simulator() as ses:
        context = ssl.create_default_context(cafile=ses.ca_file)
        for _ in range(300):
            with socket.create_connection(ses.connect_to[587], timeout=10) as raw:
                assert raw.recv(500).startswith(b"220 ")
                raw.sendall(b"EHLO client.example.com\r\n")
                while not raw.recv(500).endswith(b"250 Ok\r\n"):
                    pass
                raw.sendall(b"STARTTLS\r\n")
                assert raw.recv(500).startswith(b"220 ")
                incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
                tls = context.wrap_bio(incoming, outgoing, server_hostname=ses.host)
                while True:
                    try:
                        tls.do_handshake()
                        break
                    except ssl.SSLWantReadError:
                        raw.sendall(outgoing.read())
                        incoming.write(raw.recv(8192))
                tls.write(b"EHLO client.example.com\r\n")
                raw.sendall(outgoing.read())  # the client's Finished and its first command in one segment
                said = b""
                while not said.endswith(b"250 Ok\r\n"):
                    try:
                        said += tls.read(500)  # fails if what came is no TLS record
                    except ssl.SSLWantReadError:
                        incoming.write(raw.recv(8192))
                assert said.startswith(b"250-")


def test_ledger_and_accounts_agree_whatever_goes_wrong():
    """Of 3,000 messages through faults the ledger has exactly those that the clients' accounts allow."""
    with Senders() as senders:
        fates = senders.send(1500) + senders.send(1500)
    assert fates.total() == 3000
    assert fates["accepted"] > 2000
    # Every fate occurred, or nothing was tried here.
    assert all(fates[fate.value] for fate in Fate), fates
    assert fates["unknown, accepted"], fates


def test_the_ledger_can_be_taken():
    """What is taken out of the ledger is gone from it, and what comes later is there."""
    with Simulator() as ses:
        context = ssl.create_default_context(cafile=ses.ca_file)
        context.check_hostname = False
        with smtplib.SMTP_SSL(*ses.connect_to[465], context=context, timeout=10) as client:
            client.login(ses.credentials.user, ses.credentials.password)
            for subject in ("one", "two"):
                client.sendmail("a@example.com", ["b@example.net"], f"Subject: {subject}\r\n\r\n")
                assert [accepted.message for accepted in ses.accepted] == [
                    f"Subject: {subject}\r\n\r\n".encode()
                ]
                taken = ses.take_accepted()
                assert [accepted.message for accepted in taken] == [f"Subject: {subject}\r\n\r\n".encode()]
                assert not ses.accepted


def test_nonsense_raises_nothing():
    """10,000 inputs of damaged commands: each has a well-formed answer, and all kinds of answers occurred."""
    counts = fuzz(10_000, seed=20261124)
    assert counts["sessions"] > 500
    assert {"220", "221", "235", "250", "334", "354", "451", "454", "500", "501", "503", "504", "530", "535", "554"} <= counts.keys()  # fmt: skip
