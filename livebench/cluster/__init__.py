"""Work on several machines, by Dask: the queue here, the workers there."""
