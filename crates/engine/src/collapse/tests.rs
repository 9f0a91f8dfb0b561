use proptest::prelude::*;

use super::*;

#[test]
fn what_is_remembered_and_demanded_decides_how_to_board() {
    use {Demand::*, Recollection::*};
    let table = [
        (Nothing, Anything, Some(Manner::Patient)),
        (Nothing, Anew, Some(Manner::Anew)),
        (Doubtful, Anything, Some(Manner::Probing)),
        (Doubtful, Anew, Some(Manner::Anew)),
        (Unshareable, Anything, None),
        (Unshareable, Anew, None),
    ];
    for (remembered, demand, expected) in table {
        assert_eq!(
            manner(remembered, demand),
            expected,
            "{remembered:?} {demand:?}"
        );
    }
}

#[test]
fn what_is_under_way_decides_the_part() {
    use {Flying::*, Part::*};
    let table = [
        (Nothing, [Lead, Lead, Lead]),
        (Vacant, [Lead, Lead, Lead]),
        (Departed, [Lead, Lead, Lead]),
        (Waiting, [Follow, Alone, Alone]),
        (Landed, [Follow, Alone, Follow]),
    ];
    for (flying, expected) in table {
        let parts = [Manner::Patient, Manner::Anew, Manner::Probing].map(|it| part(flying, it));
        assert_eq!(parts, expected, "{flying:?}");
    }
}

/// TRAPS row 22.
#[test]
fn a_flight_is_led_twice_at_most() {
    assert_eq!(succession(1), Succession::Promote);
    assert_eq!(succession(2), Succession::Over);
    assert_eq!(succession(u32::MAX), Succession::Over);
}

#[test]
fn who_comes_too_late_tries_again_but_not_for_ever() {
    assert_eq!(onward(Landed::Departed, 1), Onward::Board);
    assert_eq!(onward(Landed::Departed, 2), Onward::Board);
    assert_eq!(onward(Landed::Departed, 3), Onward::Alone);
    assert_eq!(onward(Landed::OtherVariant, 2), Onward::Board);
    assert_eq!(onward(Landed::OtherVariant, 3), Onward::Alone);
    assert_eq!(onward(Landed::Unshareable, 1), Onward::Alone);
}

/// TRAPS row 21: neither one by one nor all at once.
#[test]
fn followers_go_alone_in_growing_batches() {
    let mut sizes = [0; 21];
    for place in 0..10_000 {
        let after = release_after(place).as_millis() as usize;
        assert_eq!(after % 5, 0);
        sizes[after / 5] += 1;
    }
    let expected = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 1824];
    assert_eq!(sizes[..10], expected);
}

proptest! {
    #[test]
    fn nobody_overtakes_and_nobody_waits_long(place in 0..u32::MAX) {
        prop_assert!(release_after(place) <= release_after(place + 1));
        prop_assert!(release_after(place) <= LAST_BATCH_AFTER);
    }
}
