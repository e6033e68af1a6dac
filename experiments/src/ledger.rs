//! The ledger of claims, compiled in from `experiments/claims.toml`.

use record::Ledger;

/// All claims of the posts, in the order of the posts.
///
/// # Panics
/// If `claims.toml` is not a ledger; a test reads it.
pub fn ledger() -> Ledger {
    toml::from_str(include_str!("../claims.toml")).expect("claims.toml is a ledger; its test says where it is not")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::LESSONS;

    #[test]
    fn every_claim_is_there_once_and_names_a_post() {
        let ledger: Ledger = toml::from_str(include_str!("../claims.toml")).unwrap();
        let ids: BTreeSet<&str> = ledger.claims.iter().map(|claim| claim.id.as_str()).collect();
        assert_eq!((ids.len(), ledger.claims.len()), (70, 70));
        for claim in &ledger.claims {
            assert!(ledger.posts.contains_key(&claim.post), "{} names the post '{}'", claim.id, claim.post);
        }
    }

    #[test]
    fn every_lesson_checks_exactly_the_claims_that_name_it() {
        let ledger = ledger();
        for lesson in LESSONS {
            let named: BTreeSet<&str> = ledger
                .claims
                .iter()
                .filter(|claim| claim.lesson == lesson.stem)
                .map(|claim| claim.id.as_str())
                .collect();
            let checked: BTreeSet<&str> = lesson.checks.iter().map(|check| check.claim).collect();
            assert_eq!(named, checked, "lesson {}", lesson.stem);
        }
    }
}
