//! What a pool adds to items of different lengths, and what its workers' time says about it.

use super::spec::{Axis, Curves, Line, Told, Unit};

pub(super) const FIGURES: &[Curves] = &[
    Curves {
        lesson: "pool_anatomy",
        name: "added",
        x: LENGTH,
        y: Axis { label: "time added to an item, by the time of the item", unit: Unit::Thousandths, logarithmic: true },
        lines: &[
            Line {
                variant: "lengths",
                x: "additions",
                y: "apply_over_item",
                label: "what one call after another adds",
            },
            Line { variant: "lengths", x: "additions", y: "executor_over_item", label: "what an executor's map adds" },
            Line { variant: "lengths", x: "additions", y: "map_over_item", label: "what the classic pool's map adds" },
            Line { variant: "lengths", x: "additions", y: "one", label: "the item itself" },
        ],
        limits: &[],
        told: Told::Below { one: 2, other: 3 },
        caption: "An item to a task. Above 1 a task costs more than what it does. What is added is the time per item less what perfectly busy cores \
                  would have needed. An addition takes less than half a nanosecond on most machines, so that 2,500 of them are about a microsecond.",
    },
    Curves {
        lesson: "pool_anatomy",
        name: "wall",
        x: LENGTH,
        y: Axis { label: "time of the whole, by the workers' time", unit: Unit::Thousandths, logarithmic: true },
        lines: &[
            Line { variant: "lengths", x: "additions", y: "map_over_share", label: "the whole by the workers' mean" },
            Line { variant: "lengths", x: "additions", y: "map_over_work", label: "the whole by the workers' sum" },
            Line { variant: "lengths", x: "additions", y: "two", label: "twice as long" },
        ],
        limits: &[],
        told: Told::Below { one: 0, other: 2 },
        caption: "The time of a map by the time that its workers spent inside the function. By their mean, 1 is a pool whose workers are always busy, and \
                  2 one that spends half of its time on something else. By their sum, which the post looks at, a perfect pool of two workers is at one half.",
    },
];

const LENGTH: Axis = Axis { label: "additions per item", unit: Unit::Count, logarithmic: true };
