"""Runs noise_peer against a stranger: both roles, both patterns, and once past the change of keys.

    run.py dissononce|flynn PATH-OF-noise_peer
"""

import os
import secrets
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PAST_REKEY = 65536 + 100
PRIME = 2**255 - 19


def public_key(secret):
    """X25519 by the Montgomery ladder of RFC 7748: a third opinion that belongs to neither side."""
    scalar = int.from_bytes(secret, "little") & ~7 & ~(1 << 255) | (1 << 254)
    x1, x2, z2, x3, z3, swap = 9, 1, 0, 9, 1, 0
    for bit in reversed(range(255)):
        now = scalar >> bit & 1
        if swap != now:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = now
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        da, cb = d * a, c * b
        x3, z3 = pow(da + cb, 2, PRIME), 9 * pow(da - cb, 2, PRIME) % PRIME
        aa, bb = a * a, b * b
        e = aa - bb
        x2, z2 = aa * bb % PRIME, e * (aa + 121665 * e) % PRIME
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, PRIME - 2, PRIME) % PRIME).to_bytes(32, "little").hex()


def stranger_command(name, folder):
    if name == "dissononce":
        return ["/usr/bin/python3", os.path.join(HERE, "stranger.py")]
    binary = os.path.join(folder, "stranger")
    env = dict(os.environ, GO111MODULE="off", GOPATH=os.environ.get("GJ_GOPATH", "/usr/share/gocode"), GOFLAGS="")
    env.setdefault("GOCACHE", os.path.join(folder, "cache") if "HOME" not in env else os.path.expanduser("~/.cache/go-build"))
    subprocess.run(["go", "build", "-o", binary, os.path.join(HERE, "stranger.go")], check=True, env=env)
    return [binary]


def converse(server, client, pattern, count):
    """One conversation; gives its seconds, raises when either side complains."""
    server_secret, client_secret, psk = (secrets.token_bytes(32) for _ in range(3))
    started = time.monotonic()
    serving = subprocess.Popen(
        server + ["serve", str(pattern), server_secret.hex(), public_key(client_secret), psk.hex()],
        stdout=subprocess.PIPE, text=True)
    try:
        port = serving.stdout.readline().strip()
        dialling = subprocess.run(
            client + ["dial", str(pattern), port, public_key(server_secret), client_secret.hex(), psk.hex(), str(count)],
            timeout=240)
        codes = (dialling.returncode, serving.wait(timeout=60))
    finally:
        serving.kill()
        serving.wait()
    if codes != (0, 0):
        raise SystemExit(f"pattern {pattern}: client and server ended with {codes}")
    return time.monotonic() - started


def main(name, peer):
    with tempfile.TemporaryDirectory() as folder:
        stranger = stranger_command(name, folder)
        for role, server, client in (("client", [peer], stranger), ("server", stranger, [peer])):
            for pattern, title in ((1, "XK"), (2, "XKpsk3")):
                count = PAST_REKEY if pattern == 1 else 100
                seconds = converse(server, client, pattern, count)
                print(f"{name} as {role}, {title}, {count} bodies each way: {seconds:.1f} s", flush=True)
        # The check must be able to fail: a server with another key than the one that was pinned.
        wrong = subprocess.Popen([peer, "serve", "1", secrets.token_hex(32), public_key(bytes(32)), "00" * 32],
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        port = wrong.stdout.readline().strip()
        refused = subprocess.run(stranger + ["dial", "1", port, public_key(secrets.token_bytes(32)), secrets.token_hex(32), "00" * 32, "1"],
                                 stderr=subprocess.DEVNULL)
        if refused.returncode == 0 or wrong.wait(timeout=60) == 0:
            raise SystemExit("a conversation with the wrong server key went well")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
