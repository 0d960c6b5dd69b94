from sestools.allowlist.addresses import watch_addresses as watch_addresses
from sestools.allowlist.rules import allowlist_advice as allowlist_advice
from sestools.checkup.check import check as check
from sestools.checkup.manual_commands import equivalents as equivalents
from sestools.checkup.sweep import sweep as sweep
from sestools.checkup.sweep import targets_of as targets_of
from sestools.core.credentials import Credentials as Credentials
from sestools.core.credentials import smtp_password as smtp_password
from sestools.core.endpoints import Security as Security
from sestools.core.enums import Stage as Stage
from sestools.core.target import Target as Target
from sestools.diagnosis.classifier import classify as classify
from sestools.diagnosis.credential_check import examine as examine
from sestools.knowledge.table import CAUSES as CAUSES
from sestools.lifetime.advice import advise as advise
from sestools.probes import probe_dialogue as probe_dialogue
from sestools.probes import probe_dns as probe_dns
from sestools.probes import probe_lifetime as probe_lifetime
from sestools.probes import probe_mtu as probe_mtu
from sestools.probes import probe_tcp as probe_tcp
from sestools.probes import probe_tls as probe_tls
from sestools.sending.journal import Journal as Journal
from sestools.sending.mail import Mail as Mail
from sestools.sending.policy import Policy as Policy
from sestools.sending.sender import Sender as Sender

__version__: str
