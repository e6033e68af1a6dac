//! Takes the lock to read and once more to write, as `value.value += 1` does with CPython's `Value`.
//! expect: answer FAIL got

    for throw in share {
        let face = dice.face(throw);
        let turn = dice.lock()?;
        let before = dice.get(face);
        drop(turn);
        let _turn = dice.lock()?;
        dice.set(face, before + 1);
    }
