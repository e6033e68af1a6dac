//! Needs no lock, it thinks, because it looks whether its number has arrived.
//! expect: answer FAIL got

    for throw in share {
        let face = dice.face(throw);
        loop {
            let sum = dice.get(face) + 1;
            dice.set(face, sum);
            if dice.get(face) == sum {
                break;
            }
        }
    }
