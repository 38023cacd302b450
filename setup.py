"""What setup.cfg cannot say: baselines/ is installed as livebench_baselines, since `baselines` is
another package's name on PyPI."""

from setuptools import find_packages, setup

FOLDERS = {"livebench": "livebench", "livebench_baselines": "baselines"}

setup(
    package_dir=FOLDERS,
    packages=[
        package
        for name, folder in FOLDERS.items()
        for package in (name, *(f"{name}.{inner}" for inner in find_packages(folder)))
    ],
)
