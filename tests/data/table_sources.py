"""A small source for `import tables`, for its tests."""

from __future__ import annotations

import numpy as np

VIDEOS = "video_id,title,category,duration\nv1,一只猫,动物,10\nv2,火锅,美食,20.5\nv3,雪山,旅行,30\n"
COMMENTS = "video_id,time,text\nv1,3.25,好可爱\nv2,0,第一\nv3,29.9,再见\nv1,3.25,哈哈哈\n"


def source(tmp_path, *, videos=VIDEOS, comments=COMMENTS, gz=None, frames=None):
    """A folder of tables; text or bytes, None for a file that is not there."""
    folder = tmp_path / "src"
    folder.mkdir(exist_ok=True)
    for name, content in (("videos.csv", videos), ("comments.csv", comments)):
        if content is not None:
            (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    if gz is not None:
        (folder / "comments.csv.gz").write_bytes(gz)
    for name, content in (frames or {}).items():
        (folder / "frames").mkdir(exist_ok=True)
        path = folder / "frames" / f"{name}.npy"
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            np.save(path, content)
    return folder
