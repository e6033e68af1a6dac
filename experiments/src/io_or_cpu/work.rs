//! What is computed from a page, and the answer of the lesson.

/// A page that was fetched, with its number.
pub(super) type Page = (u64, Vec<u8>);

// ANCHOR: digest
/// The work on one page: its checksum, again and again, each time beginning with the last. `safe_point` is called in between, as an
/// interpreter looks at its lock in every turn of a loop.
pub(super) fn digest(page: &[u8], rounds: u64, mut safe_point: impl FnMut()) -> u32 {
    let mut state = 0;
    for _ in 0..rounds.max(1) {
        let mut hasher = crc32fast::Hasher::new_with_initial(state);
        hasher.update(page);
        state = hasher.finalize();
        safe_point();
    }
    state
}
// ANCHOR_END: digest

/// The digests of all pages, each with its number, in whatever order they came.
pub(super) fn answer(digests: impl Iterator<Item = (u64, u32)>) -> String {
    let sum = digests.fold(0_u64, |sum, (number, digest)| {
        sum.wrapping_add((number + 1).wrapping_mul(u64::from(digest) << 16 | 0x9e37))
    });
    format!("{sum:016x}")
}

/// The answer, for a variant that only fetched: the work is done after the clock has stopped.
pub(super) fn of_pages(pages: &[Page], rounds: u64) -> String {
    answer(pages.iter().map(|(number, page)| (*number, digest(page, rounds, || ()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_knows_each_page_and_how_often_it_came_and_no_order() {
        let [one, other] = [(0, b"one".to_vec()), (1, b"other".to_vec())];
        let of = |pages: &[&Page]| of_pages(&pages.iter().map(|page| (*page).clone()).collect::<Vec<_>>(), 3);
        assert_eq!(of(&[&one, &other]), of(&[&other, &one]));
        assert_ne!(of(&[&one, &other]), of(&[&one, &other, &other]));
        assert_ne!(of(&[&one, &other]), of(&[&(1, one.1.clone()), &(0, other.1.clone())]));
        assert_eq!(of(&[]), "0000000000000000");
    }

    #[test]
    fn every_round_of_the_work_counts() {
        let mut points = 0;
        assert_ne!(digest(b"page", 3, || points += 1), digest(b"page", 2, || ()));
        assert_eq!((points, digest(b"page", 0, || ())), (3, digest(b"page", 1, || ())));
    }
}
