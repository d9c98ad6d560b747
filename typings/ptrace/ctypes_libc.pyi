from ctypes import CDLL

libc: CDLL
