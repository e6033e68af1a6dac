//! Only a range crosses, but the worker copies the window before it adds.
//! expect: copies FAIL numbers added in a copy

// SOLUTION
// NEXT REGION
        let array = ARRAY.get().expect("the array is there before the workers are");
        let window = array[window].to_vec();
        adding::total(&window)
// NEXT REGION
// SOLUTION
