//! Games the count of turns: one turn for the whole share, while everybody else waits.
//! expect: held FAIL throws looked at

    let _turn = dice.lock()?;
    for throw in share {
        let face = dice.face(throw);
        dice.set(face, dice.get(face) + 1);
    }
