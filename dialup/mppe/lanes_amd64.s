#include "textflag.h"

// STATE is the size of the Go type state; a test holds it to that.
#define STATE 1028
#define J(lane) (lane*STATE+1025)(DI)

// STEP is one octet of one lane: AX is i, j the lane's j. X86 adds octets in
// place, so that neither needs a mask. The octet of the key stream goes to a
// word of the vector out; an entry holds 0 in its upper octets.
#define STEP(lane, j, out, word) \
	MOVL   (lane*STATE)(DI)(AX*4), BX \
	ADDB   BX, j                      \
	MOVL   (lane*STATE)(DI)(j*4), DX  \
	MOVL   DX, (lane*STATE)(DI)(AX*4) \
	MOVL   BX, (lane*STATE)(DI)(j*4)  \
	ADDB   DX, BX                     \
	PINSRW $word, (lane*STATE)(DI)(BX*4), out

// TWO is two octets of all lanes: the even ones of a block gather in X0, X2,
// X4 and X6, the odd ones beside them.
#define TWO(word) \
	INCB AX               \
	STEP(0, R8, X0, word)  \
	STEP(1, R9, X2, word)  \
	STEP(2, R10, X4, word) \
	STEP(3, R11, X6, word) \
	INCB AX               \
	STEP(0, R8, X1, word)  \
	STEP(1, R9, X3, word)  \
	STEP(2, R10, X5, word) \
	STEP(3, R11, X7, word)

// OUT is a block of one lane: dst[R13:] = src[R13:] XOR even and odd octets.
#define OUT(lane, even, odd) \
	PSLLW $8, odd              \
	POR   odd, even            \
	MOVQ  (lane*16+8)(SI), R12 \
	MOVOU (R12)(R13*1), odd    \
	PXOR  odd, even            \
	MOVQ  (lane*16)(SI), R12   \
	MOVOU even, (R12)(R13*1)

// func xorBlocks(s *[lanes]state, at *[lanes]memory, blocks int)
TEXT ·xorBlocks(SB), NOSPLIT, $0-24
	MOVQ    s+0(FP), DI
	MOVQ    at+8(FP), SI
	MOVQ    blocks+16(FP), CX
	MOVBLZX 1024(DI), AX
	MOVBLZX J(0), R8
	MOVBLZX J(1), R9
	MOVBLZX J(2), R10
	MOVBLZX J(3), R11
	XORL    R13, R13

block:
	PXOR X0, X0
	PXOR X1, X1
	PXOR X2, X2
	PXOR X3, X3
	PXOR X4, X4
	PXOR X5, X5
	PXOR X6, X6
	PXOR X7, X7
	TWO(0)
	TWO(1)
	TWO(2)
	TWO(3)
	TWO(4)
	TWO(5)
	TWO(6)
	TWO(7)
	OUT(0, X0, X1)
	OUT(1, X2, X3)
	OUT(2, X4, X5)
	OUT(3, X6, X7)
	ADDQ $16, R13
	DECQ CX
	JNZ  block

	MOVB AX, 1024(DI)
	MOVB AX, (STATE+1024)(DI)
	MOVB AX, (2*STATE+1024)(DI)
	MOVB AX, (3*STATE+1024)(DI)
	MOVB R8, J(0)
	MOVB R9, J(1)
	MOVB R10, J(2)
	MOVB R11, J(3)
	RET

// SWAP is a step of the key schedule of one lane: AX is i, j the lane's j.
#define SWAP(lane, j, octet) \
	MOVL (lane*STATE)(DI)(AX*4), BX  \
	ADDB BX, j                       \
	ADDB (lane*16+octet)(SI), j      \
	MOVL (lane*STATE)(DI)(j*4), DX   \
	MOVL DX, (lane*STATE)(DI)(AX*4)  \
	MOVL BX, (lane*STATE)(DI)(j*4)

#define SWAPS(octet) \
	SWAP(0, R8, octet)  \
	SWAP(1, R9, octet)  \
	SWAP(2, R10, octet) \
	SWAP(3, R11, octet) \
	INCL AX

// func mixKeys(s *[lanes]state, keys *[lanes]key)
TEXT ·mixKeys(SB), NOSPLIT, $0-16
	MOVQ s+0(FP), DI
	MOVQ keys+8(FP), SI
	XORL AX, AX
	XORL R8, R8
	XORL R9, R9
	XORL R10, R10
	XORL R11, R11

key:
	SWAPS(0)
	SWAPS(1)
	SWAPS(2)
	SWAPS(3)
	SWAPS(4)
	SWAPS(5)
	SWAPS(6)
	SWAPS(7)
	SWAPS(8)
	SWAPS(9)
	SWAPS(10)
	SWAPS(11)
	SWAPS(12)
	SWAPS(13)
	SWAPS(14)
	SWAPS(15)
	CMPL AX, $256
	JNE  key
	RET
