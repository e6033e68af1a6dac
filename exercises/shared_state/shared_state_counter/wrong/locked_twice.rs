//! Takes the lock for the table, and once more for each face: it waits for itself.
//! expect: answer TIMEOUT not done

    let mut own = [0; 6];
    for throw in share {
        own[dice.face(throw)] += 1;
    }
    let _table = dice.lock()?;
    for (face, count) in own.into_iter().enumerate() {
        let _face = dice.lock()?;
        dice.set(face, dice.get(face) + count);
    }
