//! Sending and saving wait as well.
//! expect: waits PARTIAL stood still

fn answer_one(line: &Line, table: &Table<'_>, thread: &Attached<'_>) -> bool {
    let Some(words) = thread.release_around(|| line.receive()) else { return false };
    line.send(words.into_iter().map(|word| table.count(word)).sum());
    true
}
// NEXT REGION
// SKELETON
