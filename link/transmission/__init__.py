"""What a sweep needs of a link, whatever goes over it. No TensorFlow here."""
