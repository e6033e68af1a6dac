//! Games the count: nobody waits with the lock, because the whole server does without it.
//! expect: guarded FAIL without the lock

fn answer_one(line: &Line, table: &Table<'_>, thread: &Attached<'_>) -> bool {
    thread.release_around(|| {
        let Some(words) = line.receive() else { return false };
        line.send(words.into_iter().map(|word| table.count(word)).sum());
        true
    })
}
// NEXT REGION
// SOLUTION
