"""What to do about a path that carries only smaller packets: by direction, by family, and by what this host does."""

from enum import StrEnum

from sestools.knowledge.causes.rows import sentences


class Narrow(StrEnum):
    """What is so of a path on which large packets vanish."""

    UP_ONLY = "only this host's own packets vanish, and its TCP does not look for the path MTU itself"
    DOWN = "the server's packets vanish"
    UP = "this host's packets vanish"
    IPV4 = "the path is IPv4's"
    IPV6 = "the path is IPv6's"
    ENOUGH = "it carries what its family has to carry"
    BELOW_IPV6 = "it carries less than IPv6 has to carry"


_TABLES = "-t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss <segment>"
_CLAMP = (
    f"Or for all hosts behind it, at the router, VPN or tunnel where the path narrows: `{{}} {_TABLES}` (nftables, in "
    "the chain that forwards: `tcp flags syn tcp option maxseg size set <segment>`)."
)

FIXES: tuple[tuple[set[Narrow], str], ...] = (
    (set(), "Try the size before you change anything: `sestools mtu <where> --port <port> --mtu <mtu>`."),
    ({Narrow.ENOUGH}, "On this host: `ip link set dev <interface> mtu <mtu>`; to keep it, set it in netplan, "
     "NetworkManager or ifcfg."),
    ({Narrow.ENOUGH, Narrow.IPV4}, "Or for this address alone: `ip route replace <route> mtu <mtu>`."),
    ({Narrow.ENOUGH, Narrow.IPV6}, "Or for this address alone: `ip -6 route replace <route> mtu <mtu>`."),
    ({Narrow.UP_ONLY}, "Or, without a size: `sysctl -w net.ipv4.tcp_mtu_probing=1` lets TCP of this host go on with "
     "smaller packets after some time-outs (it helps for IPv6, too)."),
    ({Narrow.BELOW_IPV6}, "Have whoever runs the tunnel or router on the way make it carry 1280 bytes, as IPv6 has to "
     "everywhere: no interface can be set to less and keep IPv6."),
    ({Narrow.BELOW_IPV6}, "Until then use IPv4, where the name has an IPv4 address."),
    ({Narrow.IPV4}, _CLAMP.format("iptables")),
    ({Narrow.IPV6}, _CLAMP.format("ip6tables")),
    ({Narrow.UP, Narrow.IPV4}, "Or let ICMP type 3 code 4 ('fragmentation needed') in to this host, through security "
     "groups and firewalls."),
    ({Narrow.UP, Narrow.IPV6}, "Or let ICMPv6 type 2 ('packet too big') in to this host, through security groups and "
     "firewalls."),
    ({Narrow.DOWN}, "A rule for ICMP on this host cannot help the server's packets: it is the server that has to get "
     "the message. It sends smaller ones to a host whose MTU, and so whose segment size, is smaller."),
    (set(), "Then run `sestools mtu <where> --port <port>` again: large packets must pass."),
)  # fmt: skip
"""What has to be so, and what helps then, in order."""

PASSES_TITLE = "Large packets pass"
PASSES = sentences(
    """Large segments were sent to the server, and its certificates came where TLS was spoken: what the evidence names
    arrived. Nothing else was tested: no sign-in, no message, no larger amount.
    Do: Nothing about the size of packets. If mail still fails, `sestools check <where>` looks at the other steps."""
)
LIVES_TITLE = "Silent connections end as SES ends them, or not at all"
LIVES = sentences(
    """No silent connection was forgotten on the way, as far as this shows: after each silence that was tried the
    server answered, or it had ended the connection itself.
    Do: Replace connections before the silence, age and number of messages that the advice names."""
)
LIVES_DOUBT = "Some ended without a word, which a host of SES that is replaced does, or something on the way."
"""What a healthy measurement says: only what it tried."""
