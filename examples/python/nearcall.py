"""The protocol of nearcall as a caller of unary methods needs it, with nothing but struct and msgpack.

A model for other languages, written from PROTOCOL.md: a number in brackets is a section there. It knows no socket,
takes bytes and gives bytes; uppercase.py beside it has the socket.
"""

import struct

import msgpack

# The frames and flags that a caller of unary methods meets (2).
HELLO, GOAWAY, PING, PONG, CREDIT, METHOD = range(0x01, 0x07)
REQUEST, ANSWER, ERROR, HEADER, CHUNK = range(0x10, 0x15)
CANCEL = 0x18
MORE, FATAL, RAW, METADATA, IGNORABLE = 0x01, 0x01, 0x02, 0x08, 0x80
EVENTS = 0xFFFFFFFF  # stands where a call id would, in frames of events

DIAL, OPEN, REFUSAL = b"nearcall/1 dial\n", b"nearcall/1 open\n", b"nearcall/1 no: "

# What this end takes: no calls, so nobody asks it for anything. What it does not say stands at the default (4).
TAKES = {"message": 16_777_216, "bytes": 16_777_216, "chunk": 65_536, "calls": 0}
# The limits of the other end that matter to a caller: default, least, most.
LIMITS = {"message": (16_777_216, 1024, 2**31 - 1), "chunk": (65_536, 1024, 16_777_216), "calls": (1024, 0, 2**24)}

CODES = """OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED
RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS
UNAUTHENTICATED""".split()


class Disconnected(Exception):
    """The other end refused the connection or ended it."""


class ProtocolError(Exception):
    """The other end sent what the protocol rules out. The connection is over."""


class CallError(Exception):
    """How a call failed: the map of an ERROR frame (8)."""

    def __init__(self, error):
        code = error.get("code")
        self.code = CODES[code] if type(code) is int and 0 < code < len(CODES) else "UNKNOWN"
        self.may_have_run = error.get("ran", True)
        super().__init__(f"{self.code}: {error.get('message')}")


class Call:
    """One call: what of its request has not left yet, what of its answer has come, and how it ended."""

    def __init__(self, value):
        self.unsent = memoryview(msgpack.packb(value))
        self.credit = 0  # a half that carries one message begins without (7)
        self.expected = None  # the length of the answer's body, once its first frame is here
        self.answer = bytearray()
        self.raw = False
        self.outcome = CallError({"code": 14, "message": "The connection ended before the answer."})


class Caller:
    """Calls one method once for each value. Give receive() the bytes that come, and send those that take() gives."""

    def __init__(self, service, method, values):
        self.names = [service.encode(), method.encode()]
        self.calls = [Call(value) for value in values]
        self.waiting = self.calls[::-1]
        self.open = {}  # by call id
        self.greeted = False
        self.limits = None  # what the other end takes, once its HELLO is here
        self.received = bytearray()
        self.outgoing = bytearray(DIAL)  # the HELLO comes right behind (1)
        self.send(HELLO, 0, 0, msgpack.packb({"limits": TAKES}))

    @property
    def has_sent_all(self):
        """Whether the last request has left: the time to half-close, for who wants to."""
        return self.limits is not None and not self.waiting and not any(call.unsent for call in self.open.values())

    def take(self):
        """The bytes to be sent now, as long as this end has not ended its side."""
        taken, self.outgoing = self.outgoing, bytearray()
        return taken

    def send(self, kind, flags, call, payload):
        self.outgoing += struct.pack(">IBBI", 6 + len(payload), kind, flags, call) + payload

    def receive(self, data):
        """Takes what has come, however it was cut. Raises when the connection is over."""
        self.received += data
        try:
            self.read_preface()
            while self.greeted and (frame := self.next_frame()):
                self.read_frame(*frame)
        except (ProtocolError, struct.error, ValueError) as why:  # the latter two: too short, or no msgpack
            self.send(GOAWAY, FATAL, 0, msgpack.packb({"code": CODES.index("INTERNAL"), "message": str(why)}))
            raise ProtocolError(str(why)) from why

    def read_preface(self):
        """It is one of two lines, and nothing else from the first byte that differs on (1)."""
        if self.greeted:
            return
        start = bytes(self.received[: len(OPEN)])
        if start == OPEN:
            self.greeted = True
            del self.received[: len(OPEN)]
        elif start.startswith(REFUSAL):
            line, end, _ = bytes(self.received[:512]).partition(b"\n")
            if end or len(line) == 512:
                raise Disconnected(f"The server refused: {line[len(REFUSAL):].decode('ascii', 'replace')}")
        elif not OPEN.startswith(start) and not REFUSAL.startswith(start):
            raise Disconnected("What listens there is no nearcall server of version 1.")

    def next_frame(self):
        """The next frame as (type, flags, call, payload), once it is here whole."""
        if len(self.received) < 4:
            return None
        (length,) = struct.unpack_from(">I", self.received)
        if not 6 <= length <= 6 + TAKES["chunk"]:
            raise ProtocolError(f"a frame of length {length}")
        if len(self.received) < 4 + length:
            return None
        kind, flags, call = struct.unpack_from(">BBI", self.received, 4)
        payload = bytes(self.received[10 : 4 + length])
        del self.received[: 4 + length]
        return kind, flags, call, payload

    def read_frame(self, kind, flags, call, payload):
        fatal = kind == GOAWAY and flags & FATAL
        if self.limits is None and kind != HELLO and not fatal:
            raise ProtocolError(f"type {kind:#x} before HELLO")
        if kind == HELLO and self.limits is None:
            self.read_hello(as_map(msgpack.unpackb(payload)))
        elif fatal:
            why = as_map(msgpack.unpackb(payload))
            raise Disconnected(f"The server ended the connection: {why.get('message')}")
        elif kind == GOAWAY:
            self.waiting.clear()  # open calls go on, and no more are opened (9)
        elif kind == PING:
            self.send(PONG, 0, 0, payload)
        elif kind == CREDIT and call in self.open:
            self.open[call].credit += struct.unpack_from(">I", payload)[0]
            self.send_chunks(call)
        elif kind in (ANSWER, ERROR, HEADER, CHUNK) and call in self.open:
            self.read_answer(kind, flags, call, payload)
        elif kind in (METHOD, PONG, CREDIT) or call == EVENTS or flags & IGNORABLE:
            pass  # for those who serve, too late, or of a later version
        else:
            raise ProtocolError(f"type {kind:#x}, call {call}")

    def read_hello(self, hello):
        """Learns what the other end takes (4). With this, calls may begin."""
        stated = as_map(hello.get("limits", {}))
        self.limits = {name: stated.get(name, default) for name, (default, _, _) in LIMITS.items()}
        for name, (_, least, most) in LIMITS.items():
            if type(self.limits[name]) is not int or not least <= self.limits[name] <= most:
                raise ProtocolError(f"limits.{name} out of its range")
        # Names the method that gets number 0. Its kind is 0: unary. No fingerprint: it makes no statement (5).
        self.send(METHOD, 0, 0, struct.pack(">HB", 0, 0) + b"".join(bytes([len(name)]) + name for name in self.names))
        self.open_calls()

    def open_calls(self):
        """Sends requests as long as there are calls to make and slots for them."""
        for slot in range(self.limits["calls"]):
            if not self.waiting:
                return
            if 2 * slot not in self.open:  # even, because this end has dialled (6)
                self.request(2 * slot, self.waiting.pop())

    def request(self, id, call):
        """A body that fits stands in the REQUEST; of a longer one its length and its first part (2)."""
        size, method = len(call.unsent), struct.pack(">H", 0)
        if size > self.limits["message"]:
            call.outcome = CallError({"code": 8, "message": f"The server does not take {size} bytes.", "ran": False})
            return
        self.open[id] = call
        if len(method) + size <= self.limits["chunk"]:
            self.send(REQUEST, 0, id, method + call.unsent)
            call.unsent = b""
        else:
            part = self.limits["chunk"] - 10
            self.send(REQUEST, MORE, id, method + struct.pack(">Q", size) + call.unsent[:part])
            call.unsent = call.unsent[part:]

    def send_chunks(self, id):
        """Sends on with a long request, as far as its credit goes (7)."""
        call = self.open[id]
        while call.unsent and call.credit:
            part = min(len(call.unsent), call.credit, self.limits["chunk"])
            self.send(CHUNK, MORE if part < len(call.unsent) else 0, id, call.unsent[:part])
            call.unsent = call.unsent[part:]
            call.credit -= part

    def read_answer(self, kind, flags, id, payload):
        """HEADER if there is one, then ANSWER and the CHUNKs of a long one; or ERROR instead of any of them (6)."""
        call = self.open[id]
        if kind != ERROR and (kind == CHUNK) != (call.expected is not None):
            raise ProtocolError(f"type {kind:#x} out of turn, call {id}")
        if kind in (ANSWER, ERROR) and flags & METADATA:
            payload = payload[2 + struct.unpack_from(">H", payload)[0] :]
        if kind == ERROR:
            return self.close(id, read_error(payload))
        if kind == HEADER:
            return
        if kind == ANSWER:
            call.raw = flags & RAW
            call.expected = len(payload)
            if flags & MORE:
                (call.expected,) = struct.unpack_from(">Q", payload)
                payload = payload[8:]
                if call.expected > TAKES["bytes" if call.raw else "message"]:
                    raise ProtocolError(f"an answer of {call.expected} bytes, call {id}")
                self.send(CREDIT, 0, id, struct.pack(">I", call.expected))  # for all of it (7)
        call.answer += payload
        missing = call.expected - len(call.answer)
        if missing < 0 or (missing > 0) != bool(flags & MORE) or (kind == CHUNK and not payload):
            raise ProtocolError(f"parts that do not add up, call {id}")
        if missing == 0:
            self.close(id, read_body(call))

    def close(self, id, outcome):
        call = self.open.pop(id)
        call.outcome = outcome
        if call.unsent:
            call.unsent = b""  # nobody waits for the rest: this end closes its half too (6)
            self.send(CANCEL, 0, id, bytes([CODES.index("CANCELLED")]))
        self.open_calls()


def as_map(value):
    if not isinstance(value, dict):
        raise ProtocolError("no map where one must be")
    return value


def read_body(call):
    """A body of no bytes is nothing, a raw one is its bytes, any other is one msgpack value (3)."""
    if call.raw:
        return bytes(call.answer)
    try:
        return msgpack.unpackb(call.answer) if call.answer else None
    except ValueError as why:
        return CallError({"code": 13, "message": f"The answer cannot be read: {why}"})


def read_error(payload):
    """What cannot be read fails its call, and no other (8)."""
    try:
        return CallError(as_map(msgpack.unpackb(payload)))
    except (ValueError, ProtocolError) as why:
        return CallError({"code": 13, "message": f"The error cannot be read: {why}"})
