//! Claims and verdicts: what a post says, what came of it, and on what that rests.

use record::{Claim, Interval, Judgement, Verdict};

use crate::markup::escape;
use crate::{Cell, Column, Markup, Shelf, Shelved, Table, words};

/// The claims that one lesson judges, with the verdict of each lane.
pub(super) fn verdicts(shelf: &Shelf, lesson: &Shelved) -> Markup {
    let stem = &lesson.info.stem;
    let claims = shelf.ledger.claims.iter().filter(|claim| claim.lesson == *stem);
    let mut table = Table {
        caption: None,
        columns: vec![Column::left("the post says"), Column::left("here"), Column::left("measured")],
        rows: Vec::new(),
    };
    for claim in claims {
        let judgements: Vec<&Judgement> = shelf.judgements_of(&claim.id).collect();
        if judgements.is_empty() {
            table.rows.push(vec![said(claim), Cell::Markup(not_measured(lesson)), Cell::none()]);
        }
        for judgement in judgements {
            let verdict = badge(judgement.verdict).then(small(&judgement.because));
            table.rows.push(vec![said(claim), Cell::Markup(verdict), measured(judgement)]);
        }
    }
    if table.rows.is_empty() {
        return Markup::element("p", "unmeasured", Markup::text("The ledger holds no claim for this lesson."));
    }
    Markup::element("div", "verdicts", table.html())
}

/// Every claim, by post. Names of lessons that have a chapter lead there.
pub(super) fn ledger(shelf: &Shelf, has_chapter: impl Fn(&str) -> bool) -> Markup {
    let mut posts: Vec<&str> = Vec::new();
    for claim in &shelf.ledger.claims {
        if !posts.contains(&claim.post.as_str()) {
            posts.push(&claim.post);
        }
    }
    let tables = posts.into_iter().map(|post| by_post(shelf, post, &has_chapter));
    Markup::element("div", "ledger", tables.fold(Markup::default(), Markup::then))
}

fn by_post(shelf: &Shelf, post: &str, has_chapter: impl Fn(&str) -> bool) -> Markup {
    let caption = shelf.ledger.posts.get(post).map(|post| format!("{} ({})", post.title, post.about));
    let columns = vec![Column::left("the post says"), Column::left("lesson"), Column::left("verdict")];
    let claims = shelf.ledger.claims.iter().filter(|claim| claim.post == post);
    let row = |claim: &Claim| {
        let lesson = &claim.lesson;
        let link = if has_chapter(lesson) { chapter_link(lesson) } else { Markup::code(lesson) };
        vec![said(claim), Cell::Markup(link), Cell::Markup(outcome(shelf, claim))]
    };
    Table { caption: Some(caption.unwrap_or_else(|| post.to_owned())), columns, rows: claims.map(row).collect() }.html()
}

/// The verdicts on a claim in a few words, with the lanes named if there are several.
fn outcome(shelf: &Shelf, claim: &Claim) -> Markup {
    let judgements: Vec<&Judgement> = shelf.judgements_of(&claim.id).collect();
    if judgements.is_empty() {
        return match shelf.lesson(&claim.lesson) {
            Ok(lesson) => not_measured(lesson),
            Err(_) => open("not built yet"),
        };
    }
    let verdict = |judgement: &&Judgement| {
        let lane = if judgements.len() > 1 { small(&format!("lane {}", judgement.lane)) } else { Markup::default() };
        badge(judgement.verdict).then(lane)
    };
    judgements.iter().map(verdict).fold(Markup::default(), Markup::then)
}

fn said(claim: &Claim) -> Cell {
    let id = Markup::element("span", "claim-id", Markup::code(&claim.id));
    Cell::Markup(Markup::prose(&claim.says).then(id))
}

fn measured(judgement: &Judgement) -> Cell {
    let interval = judgement.interval.as_ref().map(|interval| match judgement.share {
        true => share(interval),
        false => format!("{} ({})", words::ratio(interval.mid), words::ratio_interval(interval)),
    });
    let rests = format!("n = {}, {}, lane {}", judgement.n, judgement.profile, judgement.lane);
    let interval = interval.map(|text| Markup::element("strong", "", Markup::text(&text))).unwrap_or_default();
    Cell::Markup(interval.then(small(&judgement.quantity)).then(small(&rests)))
}

/// An interval of shares.
fn share(interval: &Interval) -> String {
    format!("{} ({} to {})", percent(interval.mid), percent(interval.low), percent(interval.high))
}

/// Only what never or always happened is called 0 or 100 %.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let from_the_end = percent.min(100.0 - percent);
    let digits = match from_the_end {
        end if end <= 0.0 => 0,
        end if end < 0.095 => 3,
        _ => 1,
    };
    format!("{percent:.digits$} %")
}

/// A verdict with a sign of its own, so that colour is not needed to tell it from the others.
pub(super) fn badge(verdict: Verdict) -> Markup {
    let (class, sign) = match verdict {
        Verdict::Reproduced => ("reproduced", "✓"),
        Verdict::DirectionOnlyWeaker => ("weaker", "↓"),
        Verdict::DirectionOnlyStronger => ("stronger", "↑"),
        Verdict::Contradicted => ("contradicted", "✗"),
        Verdict::Inconclusive => ("inconclusive", "?"),
        Verdict::NotTestableHere => ("untestable", "∅"),
        Verdict::Stale => ("stale", "!"),
    };
    signed(class, sign, verdict.words())
}

/// A badge: a sign that is not read aloud, and words that are.
pub(super) fn signed(class: &str, sign: &str, words: &str) -> Markup {
    let sign = Markup::trusted(format!("<span aria-hidden=\"true\">{sign} </span>"));
    Markup::element("span", &format!("badge {class}"), sign.then(Markup::text(words)))
}

fn not_measured(lesson: &Shelved) -> Markup {
    open(if lesson.summary.is_some() { "no verdict yet" } else { "not measured yet" })
}

fn open(words: &str) -> Markup {
    signed("open", "·", words)
}

fn small(text: &str) -> Markup {
    Markup::element("span", "small", Markup::prose(text))
}

fn chapter_link(lesson: &str) -> Markup {
    Markup::trusted(format!("<a href=\"{}.md\">{}</a>", escape(lesson), Markup::code(lesson).as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    const ALL: [Verdict; 7] = [
        Verdict::Reproduced,
        Verdict::DirectionOnlyWeaker,
        Verdict::DirectionOnlyStronger,
        Verdict::Contradicted,
        Verdict::Inconclusive,
        Verdict::NotTestableHere,
        Verdict::Stale,
    ];

    #[test]
    fn no_two_verdicts_have_the_same_sign() {
        let mut signs: Vec<String> =
            ALL.iter().map(|verdict| badge(*verdict).as_str().replace(char::is_alphabetic, "")).collect();
        signs.sort();
        signs.dedup();
        assert_eq!(signs.len(), ALL.len());
    }

    #[test]
    fn a_verdict_stands_beside_what_it_rests_on() {
        let shelf = samples::shelf();
        let html = verdicts(&shelf, &shelf.lessons[0]);
        for part in [
            "The pool is six times slower",
            "direction only, stronger",
            "35x (34x to 36x)",
            "n = 10, standard, lane rust",
            "3.79 to 12.16",
            "bound_method.once",
        ] {
            assert!(html.as_str().contains(part), "{part}");
        }
        assert!(verdicts(&shelf, &shelf.lessons[1]).as_str().contains("not measured yet"));
    }

    #[test]
    fn a_share_is_in_per_cent() {
        let mut shelf = samples::shelf();
        let judgement = shelf.judgements.iter_mut().find(|judgement| judgement.interval.is_some()).unwrap();
        judgement.interval = Interval::of_proportion(5, 1_000);
        judgement.share = true;
        let html = verdicts(&shelf, &shelf.lessons[0]);
        assert!(html.as_str().contains("0.5 % (0.2 % to 1.2 %)"), "{}", html.as_str());
        assert_eq!(percent(0.0), "0 %");
        assert_eq!(percent(1.0), "100 %");
        assert_eq!((percent(0.000_12).as_str(), percent(0.999_88).as_str()), ("0.012 %", "99.988 %"));
    }

    #[test]
    fn the_ledger_holds_every_claim_even_of_lessons_to_come() {
        let shelf = samples::shelf();
        let html = ledger(&shelf, |lesson| lesson == "bound_method");
        for claim in &shelf.ledger.claims {
            assert!(html.as_str().contains(&claim.id), "{}", claim.id);
        }
        assert!(html.as_str().contains("not built yet") && html.as_str().contains("not measured yet"));
        assert!(html.as_str().contains("<a href=\"bound_method.md\">"));
        assert!(!html.as_str().contains("href=\"later.md\"") && html.as_str().contains("A &lt;post&gt; about queues"));
    }
}
