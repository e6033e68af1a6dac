//! What the pools of this lesson map, and what their workers are initialized with.

use std::sync::{Arc, OnceLock};

use bincode::{Decode, Encode};
use multiprocess::{Function, Initializer, SharedArray, register_function, register_initializer};

use super::list::{List, Object, WORDS, score_of};

// ANCHOR: object
/// The object is the argument.
#[derive(Encode, Decode)]
pub(crate) struct ScoreObject;

impl Function for ScoreObject {
    const NAME: &'static str = "initialize_once::ScoreObject";
    type State = ();
    type Item = Arc<Object>;
    type Output = u64;

    fn call(&self, _: &(), object: Arc<Object>) -> u64 {
        object.score()
    }
}
register_function!(ScoreObject);
// ANCHOR_END: object

/// The list of this process: inherited by a forked worker, or put there by an initializer.
pub(crate) static LIST: OnceLock<Arc<List>> = OnceLock::new();

// ANCHOR: global
/// The post's initializer: it puts the list into a global of its worker.
#[derive(Encode, Decode)]
pub(crate) struct IntoGlobal(pub(crate) Arc<List>);

impl Initializer for IntoGlobal {
    const NAME: &'static str = "initialize_once::IntoGlobal";
    type State = ();

    fn initialize(self) {
        LIST.set(self.0).expect("a worker runs its initializer once");
    }
}
register_initializer!(IntoGlobal);

/// The index is the argument; the list is a global.
#[derive(Encode, Decode)]
pub(crate) struct ScoreByGlobal;

impl Function for ScoreByGlobal {
    const NAME: &'static str = "initialize_once::ScoreByGlobal";
    type State = ();
    type Item = u32;
    type Output = u64;

    fn call(&self, _: &(), index: u32) -> u64 {
        LIST.get().expect("the list is there by fork or by initializer").score(index)
    }
}
register_function!(ScoreByGlobal);
// ANCHOR_END: global

// ANCHOR: encapsulated
/// The initializer whose list is handed to the function.
#[derive(Encode, Decode)]
pub(crate) struct Keep(pub(crate) Arc<List>);

impl Initializer for Keep {
    const NAME: &'static str = "initialize_once::Keep";
    type State = Arc<List>;

    fn initialize(self) -> Arc<List> {
        self.0
    }
}
register_initializer!(Keep);

/// The index is the argument; the list is handed in.
#[derive(Encode, Decode)]
pub(crate) struct ScoreWith;

impl Function for ScoreWith {
    const NAME: &'static str = "initialize_once::ScoreWith";
    type State = Arc<List>;
    type Item = u32;
    type Output = u64;

    fn call(&self, list: &Arc<List>, index: u32) -> u64 {
        list.score(index)
    }
}
register_function!(ScoreWith);
// ANCHOR_END: encapsulated

// ANCHOR: recipe
/// The initializer that carries what the list is made from.
#[derive(Encode, Decode)]
pub(crate) struct Make {
    pub(crate) items: usize,
    pub(crate) seed: u64,
}

impl Initializer for Make {
    const NAME: &'static str = "initialize_once::Make";
    type State = Arc<List>;

    fn initialize(self) -> Arc<List> {
        Arc::new(List::new(self.items, self.seed))
    }
}
register_initializer!(Make);
// ANCHOR_END: recipe

/// The objects as words in memory that forked workers share.
pub(crate) static SHARED: OnceLock<SharedArray<u64>> = OnceLock::new();

// ANCHOR: shared
/// The index is the argument; the object lies in shared memory.
#[derive(Encode, Decode)]
pub(crate) struct ScoreShared;

impl Function for ScoreShared {
    const NAME: &'static str = "initialize_once::ScoreShared";
    type State = ();
    type Item = u32;
    type Output = u64;

    fn call(&self, _: &(), index: u32) -> u64 {
        let shared = SHARED.get().expect("the objects are there before the fork");
        let first = index as usize * WORDS;
        shared.read(first..first + WORDS, score_of).expect("nobody writes meanwhile")
    }
}
register_function!(ScoreShared);
// ANCHOR_END: shared
