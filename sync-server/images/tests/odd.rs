//! JPEG as few write it: four inks, and line by line ever finer.

use images::{ambient, decode, draw};

#[test]
fn odd_jpegs_are_read_with_their_colours() {
    for bytes in [&include_bytes!("cmyk.jpg")[..], include_bytes!("progressive.jpg")] {
        let picture = decode(bytes).unwrap().picture;
        assert_eq!((picture.width(), picture.height()), (60, 40));
        let drawn = decode(&draw(&picture, 30).unwrap().0).unwrap().picture.to_rgb8();
        // Red above, blue below.
        let (top, bottom) = (drawn.get_pixel(15, 1).0, drawn.get_pixel(15, 18).0);
        assert!(top[0] > top[2] && bottom[2] > bottom[0], "{top:?} {bottom:?}");
        assert!(ambient(&picture).starts_with('#'));
    }
}
