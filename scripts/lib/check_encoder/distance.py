"""How far one array [frames × state] is from another."""

from dataclasses import dataclass

import numpy as np


@dataclass
class Distance:
    cosine: float  # of the two arrays as vectors
    relative_l2: float  # |a − b| / |b|, over the whole array
    frame_median: float  # of the same, frame by frame
    frame_p99: float

    def cells(self) -> list[str]:
        return [f"{self.cosine:.7f}", f"{self.relative_l2:.5f}", f"{self.frame_median:.5f}", f"{self.frame_p99:.5f}"]


HEADINGS = ["cosine", "relative L2", "frame median", "frame 99 %"]


def distance(ours: np.ndarray, reference: np.ndarray) -> Distance:
    a, b = ours.astype(np.float64), reference.astype(np.float64)
    frames = np.linalg.norm(a - b, axis=-1) / np.linalg.norm(b, axis=-1)
    return Distance(
        cosine=float(np.vdot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b))),
        relative_l2=float(np.linalg.norm(a - b) / np.linalg.norm(b)),
        frame_median=float(np.median(frames)),
        frame_p99=float(np.percentile(frames, 99)),
    )
