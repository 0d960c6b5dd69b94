"""What the pages that rows cite say, in our words, point by point, and when each was read.

A row, or a sentence of one, that is marked `documented` names a page and a point: `codes#421`. So "AWS says so" can
be held against what AWS says. Numbers in such a sentence have to stand in the point, too; a test compares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_GUIDE = "https://docs.aws.amazon.com/ses/latest/dg/"
_GIT = "2022-11, AWS's own copy in Git"


@dataclass(frozen=True)
class Page:
    """A page of AWS.

    Attributes:
        url: Its address.
        read: The date of the text that was read, and in what form.
        says: What it says, by point.
    """

    url: str
    read: str
    says: Mapping[str, str]


PAGES = {
    "codes": Page(
        _GUIDE + "troubleshoot-smtp.html",
        f"{_GIT}; a later German copy has the same rows and points, and adds 553",
        {
            "235": "235: the client signed in.",
            "250": "250 Ok and a message id: a string by which SES identifies a message; headed 'successful delivery'.",
            "421": "421: SES cannot process the request, because the server has too many connections just now.",
            "451": "451 Temporary service failure: SES could not process the request; the request itself may have "
            "issues that prevent it.",
            "timeout": "451 Timeout waiting for data: too much time passed between requests, so the server closed "
            "the connection. No number of seconds.",
            "454-day": "454 Daily message quota exceeded: more messages in 24 hours than SES permits.",
            "454-rate": "454 Maximum sending rate exceeded: more messages per second than SES permits.",
            "454-auth": "454 Temporary authentication failure: an issue while SES validated the credentials. The "
            "list of possible causes is missing in every copy that was read.",
            "454-service": "454 Temporary service failure: SES did not receive the request, and nothing was sent.",
            "530": "530 Authentication required: the client did not try to authenticate.",
            "535": "535 Authentication Credentials Invalid: not the right SMTP credentials; they are not the AWS "
            "credentials.",
            "535-account": "535: the account that owns the credentials is not signed up for SES.",
            "553": "553 Invalid email address, 553 address unknown: wrong syntax in MAIL FROM or in RCPT TO, also when the "
            "angle brackets were left out. Says nothing of verification or mailboxes.",
            "554-denied": "554 Access denied: the IAM policy or the sending authorization policy of the user does "
            "not allow it to call SES; the reply names ses:SendRawEmail and the identity.",
            "554-verified": "554 Email address is not verified: From, Source, Sender or Return-Path is not verified; "
            "in the sandbox every recipient has to be, too, except the mailbox simulator's. Verification is "
            "separate for each region.",
            "retry": "Retry 4xx after 5, 10 and 30 seconds, then after 20 minutes again; correct the request after a "
            "5xx. AWS's SDKs retry by themselves, but over HTTPS and not SMTP.",
            "port-25": "EC2 restricts port 25 by default; a form lifts it. Ports 465 and 587 are not restricted.",
            "mtu": "On time-outs the MTU of the interface may be too large: set it to 1500.",
            "lifetime": "The endpoint is a fleet behind a load balancer; hosts are replaced, and their connections "
            "end. Open a new one after a fixed number of messages or some time; find the numbers by experiment.",
            "addresses": "Addresses change often, and no complete list is possible. Allow the domain amazonses.com.",
        },
    ),
    "connect": Page(
        _GUIDE + "smtp-connect.html",
        f"{_GIT}; and a copy of 2025",
        {
            "ports": "STARTTLS on 25, 587 and 2587, after EHLO lists it; TLS from the start on 465 and 2465, where the "
            "server shows its certificate before EHLO.",
            "port-25": "EC2 throttles port 25 by default; use a form, another port, or a VPC endpoint.",
        },
    ),
    "command-line": Page(
        _GUIDE + "send-email-smtp-client-command-line.html",
        f"{_GIT}; and a copy of 2025",
        {
            "idle": "The connection closes by itself after about 10 seconds of inactivity.",
            "amazon": "The sample shows a certificate for the regional name, issued by Amazon.",
        },
    ),
    "credentials": Page(
        _GUIDE + "smtp-credentials.html",
        f"{_GIT}; and translations of 2024 to 2026",
        {
            "region": "SMTP credentials are unique to each region.",
            "password": "The SMTP password is not the secret access key. It is base64 of a version byte, 4, and an "
            "HMAC-SHA256 over date, region, service and message; the user name is the access key id.",
            "temporary": "Credentials derived from temporary security credentials are not supported.",
        },
    ),
    "errors": Page(
        _GUIDE + "troubleshoot-error-messages.html",
        _GIT,
        {
            "sigv2": "Maximum SigV2 SMTP sending rate exceeded: credentials made before January 10, 2019, with an older "
            "version of the signature; delete them and make new ones.",
            "ascii": "Addresses are 7-bit ASCII; punycode only for the domain.",
        },
    ),
    "enforcement": Page(
        _GUIDE + "faqs-enforcement.html",
        _GIT,
        {
            "pause": "AWS pauses sending for critical issues with the mail sent and always notifies the account's "
            "address. Correct the issue, then reply to the case in the Support Center.",
            "status": "The account's status is among the reputation metrics.",
        },
    ),
    "suspension": Page(
        "https://docs.aws.amazon.com/ses/latest/DeveloperGuide/e-faq-sp.html",
        "about 2017, a copy",
        {"word": "What is a pause today was called a suspension. It does not show a reply."},
    ),
    "pause-api": Page(
        "https://docs.aws.amazon.com/ses/latest/APIReference/API_UpdateAccountSendingEnabled.html",
        "2025, copies of it",
        {"own": "An account can switch its own sending off and on again, in a region."},
    ),
    "quotas": Page(
        _GUIDE + "quotas.html",
        f"{_GIT}; the size confirmed by a later copy",
        {
            "size": "40 MB for a message after base64, over SMTP and API v2; 10 MB before 2022.",
            "recipients": "50 recipients (To, Cc and Bcc) for a message.",
            "sandbox": "In the sandbox 200 messages in 24 hours, 1 in a second, and only to verified recipients.",
        },
    ),
    "limits": Page(
        _GUIDE + "manage-sending-quotas.html",
        _GIT,
        {
            "day": "The quota of 24 hours is rolling; recipients count, not messages. A message beyond it is rejected.",
            "rate": "At most so many messages a second; short bursts may be faster. Recipients count, not messages.",
            "size": "The size counts after MIME encoding, which makes a file about 137 % of its size, that is 37 % more.",
        },
    ),
    "quota-errors": Page(
        _GUIDE + "manage-sending-quotas-errors.html",
        _GIT,
        {"dropped": "Beyond the daily quota or the rate SES drops the message and does not try again."},
    ),
    "throttling": Page(
        "https://aws.amazon.com/blogs/messaging-and-targeting/"
        "how-to-handle-a-throttling-maximum-sending-rate-exceeded-error/",
        "undated copy",
        {
            "rate": "Calls faster than the account's maximum send rate are rejected, over SMTP with 454 after DATA. Limit the "
            "rate, and retry more slowly.",
        },
    ),
    "iam": Page(
        _GUIDE + "control-user-access.html",
        _GIT,
        {
            "smtp": "A user of the SMTP interface needs ses:SendRawEmail; Resource may name identities. Other accounts' "
            "identities need a sending authorization policy.",
        },
    ),
    "mail-from": Page(
        _GUIDE + "mail-from.html",
        _GIT,
        {
            "mx": "If the MX record is not set up correctly, SES uses its default domain or rejects the message "
            "(MailFromDomainNotVerified), as the identity is set. Exactly one MX record, of preference 10; an SPF "
            "record as well.",
            "72": "SES looks for the MX record for 72 hours. After that the set-up has failed and must be started again.",
        },
    ),
    "regions": Page(
        _GUIDE + "regions.html",
        _GIT,
        {
            "hosts": "The API, the SMTP interface and receiving have endpoints of their own; inbound-smtp is for MX records.",
        },
    ),
    "security": Page(
        _GUIDE + "security-protocols.html",
        "2025/26, a copy; the text of 2022 had older versions as well",
        {"versions": "TLS 1.2 and 1.3, with STARTTLS and with TLS from the start. Encryption is required."},
    ),
    "vpc": Page(
        _GUIDE + "send-email-set-up-vpc-endpoints.html",
        _GIT,
        {
            "group": "The endpoint's security group needs an inbound TCP rule for 25, 465, 587, 2465 or 2587 from the "
            "client's private address.",
            "available": "It takes about 5 minutes until the status is 'available'.",
        },
    ),
    "ec2-port-25": Page(
        "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-resource-limits.html#port-25-throttle",
        "2023-05, AWS's own copy in Git",
        {
            "default": "EC2 restricts outgoing port 25 to public addresses on all instances by default, not to private "
            "ones; a form lifts it.",
        },
    ),
    "lambda-port-25": Page(
        "https://repost.aws/knowledge-center/ec2-port-25-throttle",
        "undated copy",
        {
            "lambda": "Lambda blocks port 25 outside a VPC, and that cannot be lifted; in a VPC with a NAT gateway it is "
            "EC2's restriction, which a form lifts.",
        },
    ),
    "timeouts": Page(
        "https://repost.aws/knowledge-center/smtp-connectivity-timeout-issues-ses",
        "undated copy",
        {
            "tcp": "If TCP does not connect: security group, network ACL, routes, the port 25 restriction of EC2, or a "
            "firewall.",
        },
    ),
    "secure-connection": Page(
        "https://repost.aws/knowledge-center/ses-email-errors",
        "undated copies in Spanish and Italian",
        {"sigv2": "'Authentication required' mostly comes with SMTP credentials made before January 10, 2019 (SigV2)."},
    ),
    "mtu": Page(
        "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/network_mtu.html",
        "2022-10, AWS's own copy in Git",
        {
            "discovery": "EC2 uses jumbo frames (9001); the way to the internet carries 1500. Path MTU discovery needs "
            "ICMP type 3 code 4, or ICMPv6 type 2; security groups let no ICMP in by default. How to show and set "
            "the MTU.",
        },
    ),
    "bounces": Page(
        _GUIDE + "send-email-concepts-deliverability.html",
        _GIT,
        {
            "bounce": "A bounce is a recipient's server refusing a message that SES had accepted; SES does not send to an "
            "address on the suppression list.",
        },
    ),
}  # fmt: skip
"""The pages by the names under which rows cite them."""


def point(cited: str) -> tuple[Page, str]:
    """The page and what it says of a point, such as `point("codes#421")`; `KeyError` if there is no such point."""
    name, _, topic = cited.partition("#")
    page = PAGES[name]
    return page, page.says[topic]
