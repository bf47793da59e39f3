"""What a sweep or a training asks for, before it is begun."""
