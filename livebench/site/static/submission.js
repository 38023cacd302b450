"use strict";
// A submission's page: one board at a time.
LiveBench.choose();
