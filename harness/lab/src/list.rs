//! `lab list`: what there is to study. Starts no process.

use std::io::Write;

use experiments::LESSONS;
use record::LessonInfo;
use serde::Serialize;

use crate::cli::{Ended, ListOptions};

#[derive(Serialize)]
struct Listing {
    lessons: Vec<LessonInfo>,
}

pub(crate) fn list(options: &ListOptions) -> anyhow::Result<Ended> {
    let listing = Listing { lessons: LESSONS.iter().map(|lesson| lesson.info()).collect() };
    let mut out = std::io::stdout().lock();
    if options.json {
        writeln!(out, "{}", serde_json::to_string(&listing)?)?;
        return Ok(Ended::Fine);
    }
    for lesson in &listing.lessons {
        print(&mut out, lesson)?;
    }
    Ok(Ended::Fine)
}

fn print(out: &mut impl Write, lesson: &LessonInfo) -> std::io::Result<()> {
    writeln!(out, "{}: {}", lesson.stem, lesson.question)?;
    writeln!(out, "  variants")?;
    for variant in &lesson.variants {
        writeln!(out, "    {:<30} {}", variant.name, variant.about)?;
    }
    writeln!(out, "  parameters {:>31} {:>12} {:>12}", "quick", "standard", "post")?;
    for knob in &lesson.parameters {
        let (quick, standard, post) = (knob.quick, knob.standard, knob.post);
        writeln!(out, "    {:<27} {quick:>10} {standard:>12} {post:>12}   {}", knob.name, knob.about)?;
    }
    Ok(())
}
