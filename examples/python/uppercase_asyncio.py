"""Does what uppercase.py does, with asyncio's streams. The protocol knows no socket, so it is the same.

    python3 uppercase_asyncio.py /path/to/uppercase.sock 'hello world' 'another call'
"""

import asyncio
import sys

from nearcall import Caller, Disconnected, ProtocolError
from uppercase import report


async def talk(reader, writer, caller):
    """Sends, half-closes by write_eof, and reads until the server ends the connection."""
    writer.write(caller.take())
    half_closed = False
    while data := await reader.read(65_536):
        try:
            caller.receive(data)
        finally:
            if not half_closed:
                writer.write(caller.take())
        if caller.has_sent_all and not half_closed:
            writer.write_eof()
            half_closed = True


async def main(path, *texts):
    caller = Caller("text", "uppercase", texts)
    try:
        reader, writer = await asyncio.open_unix_connection(path)
        try:
            await talk(reader, writer, caller)
            print("The server ended the connection.", file=sys.stderr)
        finally:
            writer.close()
    except (Disconnected, ProtocolError, OSError) as why:
        print(why, file=sys.stderr)
    return report(caller)


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main(*sys.argv[1:])) else 1)
