"""What stands before the dense layers: features standardized, and their principal components.

Shapes: N rows, F features, D components.
"""

from dataclasses import dataclass

import numpy as np

FARTHEST = 10.0  # deviations: what is further out is taken for that far


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scaling:
    """Mean and factor of each feature, and the components of what they make.

    Attributes:
        mean_F: of train.
        factor_F: 1 / standard deviation on train; 0 for a feature that is constant there.
        components_FD: the first principal components, each of deviation 1 on train; None where
            features are kept as they are.
    """

    mean_F: np.ndarray
    factor_F: np.ndarray
    components_FD: np.ndarray | None

    @classmethod
    def of(cls, rows_NF: np.ndarray, components: int) -> "Scaling":
        """Fit on train.

        Args:
            rows_NF: of train.
            components: to keep; F keep the features themselves.

        Returns:
            The scaling.

        Raises:
            ValueError: no feature differs between rows.
        """
        rows, features = rows_NF.shape
        mean_F = rows_NF.mean(0, dtype=np.float64)
        deviation_F = rows_NF.std(0, dtype=np.float64)
        constant_F = deviation_F <= 1e-7 * np.maximum(1e-30, np.abs(mean_F))
        if constant_F.all():
            raise ValueError(
                f"features differ between rows, got the same {features} in all {rows} of train: "
                "look at what computed them"
            )
        factor_F = np.where(constant_F, 0.0, 1 / np.where(constant_F, 1.0, deviation_F))
        scaled = cls(
            mean_F=mean_F.astype(np.float32),
            factor_F=factor_F.astype(np.float32),
            components_FD=None,
        )
        if components >= features:
            return scaled
        return cls(
            mean_F=scaled.mean_F,
            factor_F=scaled.factor_F,
            components_FD=_whitened(scaled.apply(rows_NF), components),
        )

    def tensors(self) -> dict[str, np.ndarray]:
        """The arrays by name."""
        found = {"mean": self.mean_F, "factor": self.factor_F}
        if self.components_FD is not None:
            found["components.kernel"] = self.components_FD
        return found

    def apply(self, rows_NF: np.ndarray) -> np.ndarray:
        """Return what the dense layers read, (N, D) or (N, F), float32."""
        scaled_NF = (rows_NF - self.mean_F) * self.factor_F
        clipped_NF = np.clip(scaled_NF, -FARTHEST, FARTHEST).astype(np.float32)
        return clipped_NF if self.components_FD is None else clipped_NF @ self.components_FD


def _whitened(scaled_NF: np.ndarray, components: int) -> np.ndarray:
    """Components_FD: eigenvectors of the covariance, divided by the deviation along them."""
    covariance_FF = np.cov(scaled_NF.astype(np.float64), rowvar=False, bias=True)
    variance_F, axes_FF = np.linalg.eigh(np.atleast_2d(covariance_FF))
    variance_D = variance_F[::-1][:components]
    axes_FD = axes_FF[:, ::-1][:, :components]
    largest_D = axes_FD[np.abs(axes_FD).argmax(axis=0), np.arange(components)]
    signed_FD = axes_FD * np.where(largest_D < 0, -1.0, 1.0)
    # A direction without variance, of features that follow from others, would become noise.
    some_D = variance_D > 1e-9 * variance_D[0]
    return (signed_FD * np.where(some_D, 1 / np.sqrt(np.where(some_D, variance_D, 1)), 0)).astype(
        np.float32
    )
