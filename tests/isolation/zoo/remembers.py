from pathlib import Path

from attempt import Attempt


class Mine(Attempt):
    def attempt(self):
        try:
            folder = Path(__file__).parent / "generated"
            folder.mkdir(exist_ok=True)
            return self.seen(folder)
        except OSError:
            return self.seen(Path("/tmp"))

    def seen(self, folder):
        found = (folder / "seen").exists()
        (folder / "seen").write_text("by an earlier block")
        return found
