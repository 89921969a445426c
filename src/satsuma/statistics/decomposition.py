"""Why a total changed between two moments, in parts that add up to the change.

Of a group whose members come and go:

    after - before = sum of after over those who entered            entries
                   - sum of before over those who left              exits
                   + sum of (after - before) over those who stayed  behaviour                                     (1)

Of a total over sub-groups g with n_g people of a mean value r_g, where N is all of them and s_g = n_g / N, with a bar
over the mean of both moments:

    after - before = change of N     x sum of s-bar_g r-bar_g       number: more or fewer people
                   + N-bar x sum of (change of s_g) r-bar_g         mix: people in other sub-groups
                   + sum of n-bar_g (change of r_g)                 rate: the same people would bring more or less (2)

(2) is the symmetric decomposition of Kitagawa (1955, JASA 50, 1168-1194) with the rate's weights in people; it has no
part that is left over, and neither moment is the base. Both are sums, not causes: that a group grew by entries does not
say what made people enter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueChange:
    """The change of a group's total value by (1); values are in the unit of what was given.

    entries : what those who entered bring at the second moment, 0 or above for values that are.
    exits : what those who left brought at the first moment, with its sign turned: 0 or below for values that are 0 or
        above.
    behaviour : by how much those who stayed changed. behaviour_low, behaviour_high : its interval over people like
        these; None for fewer than two who stayed.
    """

    before: float
    after: float
    entries: float
    exits: float
    behaviour: float
    behaviour_low: float | None
    behaviour_high: float | None
    entered: int
    left: int
    stayed: int

    @property
    def change(self) -> float:
        return self.after - self.before

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "change": self.change}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> ValueChange:
        """Return what `as_dict` wrote."""
        return cls(**{name: plain[name] for name in cls.__dataclass_fields__})


def value_change(
    before: Mask, after: Mask, value_before: ArrayLike, value_after: ArrayLike, *, unit: float = 1.0,
    level: float = 0.95,
) -> ValueChange:  # fmt: skip
    """Decompose the change of a group's total into entries, exits and the behaviour of those who stayed.

    Parameters
    ----------
    before, after : array of bool, shape (n,)
        Who is in the group at each moment.
    value_before, value_after : array, shape (n,)
        The value of each person at each moment. Whole numbers add up without rounding.
    unit : how many of the given units make one of the result's, such as 100 for cents.

    Notes
    -----
    The interval of behaviour is m t s / sqrt(m) around its sum for m who stayed, with s the standard deviation of
    their changes: it takes who stayed as given, and people as independent.
    """
    stayed, came, gone = before & after, after & ~before, before & ~after
    first, second = np.asarray(value_before), np.asarray(value_after)
    moved = second[stayed] - first[stayed]
    entries, exits, behaviour = second[came].sum(), -first[gone].sum(), moved.sum()
    number = int(stayed.sum())
    low = high = None
    if number > 1:
        spread = float(np.std(moved.astype(np.float64), ddof=1))
        reach = float(stdtrit(number - 1, (1 + level) / 2)) * spread * number**0.5
        low, high = (float(behaviour) - reach) / unit, (float(behaviour) + reach) / unit
    return ValueChange(
        before=float(first[before].sum()) / unit, after=float(second[after].sum()) / unit,
        entries=float(entries) / unit, exits=float(exits) / unit + 0.0, behaviour=float(behaviour) / unit,
        behaviour_low=low, behaviour_high=high, entered=int(came.sum()), left=int(gone.sum()), stayed=number,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MixChange:
    """The change of a total over sub-groups by (2).

    number, mix, rate : the three parts of the change.
    mix_of, rate_of : array of float, shape (groups,)
        The terms of the sums behind mix and rate. A term of mix is counted from the mean value of all: a sub-group
        that grows adds only by what it is better than the mean.
    """

    before: float
    after: float
    number: float
    mix: float
    rate: float
    mix_of: Floats
    rate_of: Floats

    @property
    def change(self) -> float:
        return self.after - self.before

    def as_dict(self) -> dict[str, Any]:
        return {"before": self.before, "after": self.after, "change": self.change, "number": self.number,
                "mix": self.mix, "rate": self.rate, "mix_of": self.mix_of.tolist(),
                "rate_of": self.rate_of.tolist()}  # fmt: skip

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> MixChange:
        """Return what `as_dict` wrote."""
        return cls(before=plain["before"], after=plain["after"], number=plain["number"], mix=plain["mix"],
                   rate=plain["rate"], mix_of=np.array(plain["mix_of"], np.float64),
                   rate_of=np.array(plain["rate_of"], np.float64))  # fmt: skip


def mix_change(
    count_before: ArrayLike, count_after: ArrayLike, value_before: ArrayLike, value_after: ArrayLike
) -> MixChange:
    """Decompose the change of a total into number, mix and rate.

    Parameters
    ----------
    count_before, count_after : people of each sub-group at each moment, shape (groups,).
    value_before, value_after : their total value, shape (groups,). A sub-group without people has none; where it is
        empty at one moment, its mean value there is taken to be that of the other moment, so that its coming or going
        is a change of mix.

    Raises
    ------
    ValueError
        For arrays of different lengths, a negative count, or a value where nobody is.
    """
    count = [np.asarray(item, np.float64) for item in (count_before, count_after)]
    value = [np.asarray(item, np.float64) for item in (value_before, value_after)]
    if len({item.shape for item in (*count, *value)}) != 1:
        raise ValueError("Counts and values need one number for each sub-group.")
    if any((item < 0).any() for item in count) or any(
        (v[c == 0] != 0).any() for c, v in zip(count, value, strict=True)
    ):
        raise ValueError("A count is 0 or more, and where nobody is there is no value.")
    whole = [float(item.sum()) for item in count]
    total = [float(item.sum()) for item in value]
    mean = [np.divide(v, c, out=np.zeros_like(v), where=c > 0) for c, v in zip(count, value, strict=True)]
    mean = [np.where(count[0] > 0, mean[0], mean[1]), np.where(count[1] > 0, mean[1], mean[0])]
    share = [c / w if w else np.zeros_like(c) for c, w in zip(count, whole, strict=True)]
    # Without people at one moment there is no mix to speak of there: that of the other holds for both.
    share = [share[0] if whole[0] else share[1], share[1] if whole[1] else share[0]]
    middle_share, middle_mean = (share[0] + share[1]) / 2, (mean[0] + mean[1]) / 2
    middle_whole = (whole[0] + whole[1]) / 2
    typical = float((middle_share * middle_mean).sum())
    # The changes of shares add up to 0, so that counting from a typical value leaves their sum as it is.
    mix_of = middle_whole * (share[1] - share[0]) * (middle_mean - typical)
    rate_of = (count[0] + count[1]) / 2 * (mean[1] - mean[0])
    return MixChange(
        before=total[0], after=total[1], number=(whole[1] - whole[0]) * typical, mix=float(mix_of.sum()),
        rate=float(rate_of.sum()), mix_of=mix_of, rate_of=rate_of,
    )  # fmt: skip
