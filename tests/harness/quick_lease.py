"""`videod` whose claim on the board lives for seconds instead of minutes; the program is real otherwise.

python -m tests.harness.quick_lease run --config videod.toml
"""

import os

from videod.cli import main
from videod.core import lease

#: the same order as the real ones (tests/core/test_lease.py), some twenty times shorter
LOOK_MS, RENEW_MS, FRESH_MS, LAPSE_MS, SETTLE_MS, OUSTED_MS = 1_000, 3_000, 2_500, 15_000, 400, 3_500
#: another lapse, ms: where a busy host must not make a claim lapse before its time
LAPSE_VARIABLE = "QUICK_LEASE_LAPSE_MS"

if __name__ == "__main__":
    lease.LOOK_MS, lease.RENEW_MS, lease.FRESH_MS = LOOK_MS, RENEW_MS, FRESH_MS
    lease.LAPSE_MS = int(os.environ.get(LAPSE_VARIABLE, LAPSE_MS))
    lease.SETTLE_MS, lease.OUSTED_MS = SETTLE_MS, OUSTED_MS
    main.main()
