"""The channel of PROTOCOL.md on python3-dissononce, written from the document: nothing of ours is imported.

    stranger.py serve PATTERN SERVER_SECRET CLIENT_PUBLIC PSK
    stranger.py dial PATTERN PORT SERVER_PUBLIC CLIENT_SECRET PSK COUNT

Same conversation as noise_peer.c: bodies go out, inverted bodies come back.
"""

import socket
import struct
import sys

from dissononce.cipher.chachapoly import ChaChaPolyCipher
from dissononce.dh.x25519.public import PublicKey
from dissononce.dh.x25519.private import PrivateKey
from dissononce.dh.x25519.x25519 import X25519DH
from dissononce.hash.sha256 import SHA256Hash
from dissononce.processing.handshakepatterns.interactive.XK import XKHandshakePattern
from dissononce.processing.impl.cipherstate import CipherState
from dissononce.processing.impl.handshakestate import HandshakeState
from dissononce.processing.impl.symmetricstate import SymmetricState
from dissononce.processing.modifiers.psk import PSKPatternModifier

CLUSTER = b"\xc1" * 16
TOKEN = b"\x70" * 16
REKEY = 65536
WINDOW = 64
BODY_MAX = 65514
TELLING = [0, 1, 59, 60, 1000, 32763, 32764, BODY_MAX]
INVERT = bytes(255 - i for i in range(256))


def read_exactly(stream, count):
    data = stream.read(count)
    if len(data) != count:
        raise SystemExit("stranger: the stream was cut")
    return data


class Direction:
    """One CipherState: counts, and replaces its key after every 65,536 messages."""

    def __init__(self, state):
        self.state = state
        self.key = state._key
        self.count = 0

    def counted(self):
        self.count += 1
        if self.count % REKEY == 0:
            # Noise's REKEY by the library's cipher: its own rekey() forgets to cut the tag off and resets n.
            self.key = self.state.cipher.encrypt(self.key, 2**64 - 1, b"", bytes(32))[:32]
            self.state.initialize_key(self.key)
            self.state.set_nonce(self.count)

    def seal(self, plain):
        sealed = self.state.encrypt_with_ad(b"", plain)
        self.counted()
        return sealed

    def open(self, sealed):
        plain = self.state.decrypt_with_ad(b"", sealed)
        self.counted()
        return plain


class Channel:
    def __init__(self, sock, pattern, initiator):
        self.sock = sock
        self.stream = sock.makefile("rb")
        self.pattern = pattern
        self.initiator = initiator
        hello = b"GJ01" + struct.pack(">HBB", 1, pattern, 0) + CLUSTER
        if initiator:
            sock.sendall(hello)
            answer = read_exactly(self.stream, 12)
            assert answer[:5] == b"GJ01\0" and answer[6:8] == b"\0\1", answer
        else:
            assert read_exactly(self.stream, 24) == hello
            answer = b"GJ01" + struct.pack(">BBHHH", 0, 0, 1, 1, 1)
            sock.sendall(answer)
        self.prologue = hello + answer

    def write_frame(self, data):
        self.sock.sendall(struct.pack(">H", len(data)) + data)

    def read_frame(self):
        (length,) = struct.unpack(">H", read_exactly(self.stream, 2))
        return read_exactly(self.stream, length)

    def handshake(self, own, peer, psk):
        noise = XKHandshakePattern()
        psks = None
        if self.pattern == 2:
            noise = PSKPatternModifier(3).modify(noise)
            psks = [psk]
        state = HandshakeState(SymmetricState(CipherState(ChaChaPolyCipher()), SHA256Hash()), X25519DH())
        state.initialize(noise, self.initiator, self.prologue, s=own, rs=peer if self.initiator else None, psks=psks)
        token = TOKEN if self.pattern == 2 else b""
        payload = bytearray()
        if self.initiator:
            ciphers = self.write_message(state, token)
            self.read_message(state, payload)
            assert payload == b"", payload
            ciphers = self.write_message(state, b"stranger.py")
        else:
            self.read_message(state, payload)
            assert payload == token
            self.write_message(state, b"")
            payload = bytearray()
            ciphers = self.read_message(state, payload)
            assert payload == b"noise_peer", payload
            assert state.rs.data == peer.data
        first, second = ciphers
        self.out, self.into = (first, second) if self.initiator else (second, first)
        self.out, self.into = Direction(self.out), Direction(self.into)

    def write_message(self, state, payload):
        message = bytearray()
        ciphers = state.write_message(payload, message)
        self.write_frame(bytes(message))
        return ciphers

    def read_message(self, state, payload):
        return state.read_message(self.read_frame(), payload)

    def plaintext(self, kind, body):
        plain = struct.pack(">IB", len(body), kind) + body
        bucket = 64
        while bucket < len(plain) and bucket < 32768:
            bucket *= 2
        if bucket < len(plain):
            bucket = 65519
        return plain + bytes(bucket - len(plain))

    def send(self, body, kind=0):
        self.write_frame(self.out.seal(self.plaintext(kind, body)))

    def receive(self):
        plain = self.into.open(self.read_frame())
        length, kind = struct.unpack(">IB", plain[:5])
        body = plain[5 : 5 + length]
        assert plain == self.plaintext(kind, body)
        return kind, body


def body_of(number):
    size = TELLING[number] if number < len(TELLING) else 5
    return bytes((number * 31 + at * 7) & 255 for at in range(size))


def dial(channel, count):
    total = len(TELLING) + count
    answered = 0
    while answered < total:
        until = min(total, answered + WINDOW)
        for number in range(answered, until):
            channel.send(body_of(number))
        for number in range(answered, until):
            assert channel.receive() == (0, body_of(number).translate(INVERT))
        answered = until
    channel.send(b"\0\0", kind=1)


def serve(channel):
    while True:
        kind, body = channel.receive()
        if kind == 1:
            assert body == b"\0\0"
            return
        channel.send(body.translate(INVERT))


def main(args):
    pattern = int(args[1])
    if args[0] == "serve":
        own = X25519DH().generate_keypair(PrivateKey(bytes.fromhex(args[2])))
        peer = PublicKey(bytes.fromhex(args[3]))
        listener = socket.create_server(("127.0.0.1", 0))
        print(listener.getsockname()[1], flush=True)
        sock, _ = listener.accept()
    else:
        peer = PublicKey(bytes.fromhex(args[3]))
        own = X25519DH().generate_keypair(PrivateKey(bytes.fromhex(args[4])))
        sock = socket.create_connection(("127.0.0.1", int(args[2])))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    channel = Channel(sock, pattern, args[0] == "dial")
    channel.handshake(own, peer, bytes.fromhex(args[4] if args[0] == "serve" else args[5]))
    if args[0] == "serve":
        serve(channel)
    else:
        dial(channel, int(args[6]))


if __name__ == "__main__":
    main(sys.argv[1:])
