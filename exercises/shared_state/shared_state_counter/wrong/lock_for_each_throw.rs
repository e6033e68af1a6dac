//! Right, and takes the lock for every throw.
//! expect: turns FAIL times that the lock was taken

    for throw in share {
        let face = dice.face(throw);
        let _turn = dice.lock()?;
        dice.set(face, dice.get(face) + 1);
    }
