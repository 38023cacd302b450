"""The models of the LiveBot paper (Ma et al., AAAI 2019), one file each, built on shared parts."""
