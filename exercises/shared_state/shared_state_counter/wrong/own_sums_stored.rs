//! Counts for itself, and then writes its sums over those of the others.
//! expect: answer FAIL got

    let mut own = [0; 6];
    for throw in share {
        own[dice.face(throw)] += 1;
    }
    for (face, count) in own.into_iter().enumerate() {
        let _turn = dice.lock()?;
        dice.set(face, count);
    }
