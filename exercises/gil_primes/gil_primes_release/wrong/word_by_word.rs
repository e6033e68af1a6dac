//! Takes the lock anew for each word; each taking may cost a switch interval.
//! expect: takes FAIL takings of the lock

fn answer_one(line: &Line, table: &Table<'_>, thread: &Attached<'_>) -> bool {
    let Some(words) = thread.release_around(|| line.receive()) else { return false };
    let count = |word| {
        let counted = table.count(word);
        thread.release_around(|| counted)
    };
    let answer = words.into_iter().map(count).sum();
    thread.release_around(|| line.send(answer));
    true
}
// NEXT REGION
// SOLUTION
