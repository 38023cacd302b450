from attempt import Attempt


class Mine(Attempt):
    def attempt(self):
        from livebench.candidates.build import Builder
        from livebench.simulated.simulation import simulate_dataset

        return Builder and simulate_dataset
