"""Calls text.uppercase of a nearcall server, over a plain socket.

    python3 uppercase.py /path/to/uppercase.sock 'hello world' 'another call'

Each text is a call of its own. All requests leave at once, and behind them this end says that it sends no more: it
half-closes. The answers come when they are ready, and then the server ends the connection.
"""

import socket
import sys

from nearcall import Caller, CallError, Disconnected, ProtocolError


def talk(sock, caller):
    """Sends, half-closes, and reads until the server ends the connection."""
    sock.settimeout(10)  # for the handshake (1)
    sock.sendall(caller.take())
    half_closed = False
    while data := sock.recv(65_536):
        try:
            caller.receive(data)
        finally:
            if not half_closed:
                sock.sendall(caller.take())
        if caller.greeted:
            sock.settimeout(None)
        if caller.has_sent_all and not half_closed:
            sock.shutdown(socket.SHUT_WR)
            half_closed = True


def report(caller):
    """Prints what became of each call, in their order. True if all were answered."""
    failures = [call.outcome for call in caller.calls if isinstance(call.outcome, CallError)]
    for call in caller.calls:
        print(call.outcome, file=sys.stderr if call.outcome in failures else sys.stdout)
    return not failures


def main(path, *texts):
    caller = Caller("text", "uppercase", texts)
    with socket.socket(socket.AF_UNIX) as sock:
        try:
            sock.connect(path)
            talk(sock, caller)
            print("The server ended the connection.", file=sys.stderr)
        except (Disconnected, ProtocolError, OSError) as why:
            print(why, file=sys.stderr)
    return report(caller)


if __name__ == "__main__":
    sys.exit(0 if main(*sys.argv[1:]) else 1)
