"""The tables and figures that the LiveBot paper gives of its data, of any dataset."""
