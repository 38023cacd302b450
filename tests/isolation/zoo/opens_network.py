import socket

from attempt import Attempt


class Mine(Attempt):
    def attempt(self):
        with socket.create_connection(("127.0.0.1", self.port), 5) as server:
            return server.recv(2) == b"hi"
