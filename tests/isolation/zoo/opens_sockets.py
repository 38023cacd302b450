import socket

from attempt import Attempt


class Mine(Attempt):
    def attempt(self):
        # AF_NETLINK, AF_PACKET, AF_ALG, AF_VSOCK: no namespace keeps one from making them all.
        made = 0
        for family in (16, 17, 38, 40):
            for kind in (
                socket.SOCK_STREAM,
                socket.SOCK_DGRAM,
                socket.SOCK_RAW,
                socket.SOCK_SEQPACKET,
            ):
                try:
                    socket.socket(family, kind).close()
                    made += 1
                except OSError:
                    continue
        return made
