"""Makes a Label Studio project ready for Cueloop, and takes Cueloop out of it again without a trace.

`connect` looks at what stands, makes the changes that are missing, each under the journal, and can be run again
at any time. `disconnect` undoes in reverse order and can be run again until it is through.
"""

from console.connect.connecting import connect
from console.connect.disconnecting import disconnect
from console.connect.report import ConnectReport, DisconnectReport

__all__ = ["ConnectReport", "DisconnectReport", "connect", "disconnect"]
